// `npm run test:kernel`, level 3: Debian's own kernel drives the simulated EI over USB/IP, a real Chromium and Debian's PC/SC work with
// it. Builds what it needs (--built: it is built already; --part pcsc or --part browser: only that). Closes with `N passed, N failed, N skipped`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'vite';
import { provideChromium } from '../support/install-chromium.ts';
import { runTool } from '../support/run-command.ts';
import { closingLine, exitCode, honest, type Outcome, sum } from '../support/tally.ts';
import { type Kernel, provideKernel, providePackages } from './debian.ts';
import { runGuest } from './machine.ts';
import { decodeReport, outcomeOf, type Report } from './report.ts';

const LIMIT_MS = 8 * 60_000;
const CACHE = resolve('node_modules/.cache/keyferry-kernel');
const NAME = 'kernel, browser and PC/SC (level 3)';

const { part = '' } = parseArgs({ options: { built: { type: 'boolean' }, part: { type: 'string' } } }).values;
const say = (line: string): void => console.log(line);

function leftOut(reason: string): Outcome {
  return { runner: 'kernel', passed: 0, failed: [], skipped: [{ name: NAME, reason }] };
}

function broken(message: string): Outcome {
  return { runner: 'kernel', passed: 0, failed: [{ name: NAME, message }], skipped: [] };
}

async function main(): Promise<Outcome> {
  mkdirSync(CACHE, { recursive: true });
  const lacking = await providePackages(say);
  if (lacking !== undefined) return leftOut(lacking);
  const browser = await provideChromium(say);
  if ('missing' in browser) return leftOut(browser.missing);
  const kernel = await provideKernel(CACHE, say);
  if ('missing' in kernel) return leftOut(kernel.missing);
  if (!process.argv.includes('--built')) {
    const { code, output } = await runTool('vite', 'vite', ['build']);
    if (code !== 0) return broken(`the build failed:\n${output}`);
  }
  return await runTests(kernel, browser.path);
}

async function runTests(kernel: Kernel, chromium: string): Promise<Outcome> {
  const guest = await bundleGuest(chromium);
  const reports: Report[] = [];
  const started = Date.now();
  const how = await runGuest({
    kernel,
    folder: CACHE,
    main: guest,
    limitMs: LIMIT_MS,
    onLine: (line) => {
      const report = decodeReport(line);
      if (report === undefined) return;
      reports.push(report);
      tell(report);
    },
  });
  say(`The guest took ${Math.round((Date.now() - started) / 1000)} s.`);
  return honest(outcomeOf(reports, how), 0);
}

function tell(report: Report): void {
  if (report.report === 'passed') say(`ok   ${report.name} (${report.seconds} s)`);
  if (report.report === 'failed') say(`FAIL ${report.name} (${report.seconds} s)`);
  if (report.report === 'observed') say(`     ${report.behaviour}: ${report.seen}`);
  if (report.report === 'note') say(`     ${report.text}`);
}

/** One file, so that the guest need not translate TypeScript at a tenth of the speed. */
async function bundleGuest(chromium: string): Promise<string> {
  await build({
    configFile: false,
    logLevel: 'warn',
    define: {
      'import.meta.env.KEYFERRY_CHROMIUM': JSON.stringify(chromium),
      'import.meta.env.KEYFERRY_PART': JSON.stringify(part),
    },
    ssr: { noExternal: true, external: ['@playwright/test'] },
    build: {
      ssr: resolve('test/level3/guest/main.ts'),
      outDir: CACHE,
      emptyOutDir: false,
      copyPublicDir: false,
      target: 'node20',
      minify: false,
      rolldownOptions: { output: { format: 'esm', entryFileNames: 'guest.mjs', codeSplitting: false } },
    },
  });
  return resolve(CACHE, 'guest.mjs');
}

const outcome = await main();
const { KEYFERRY_OUTCOME: file } = process.env;
if (file !== undefined) writeFileSync(file, JSON.stringify(outcome));
const tally = sum([outcome]);
for (const { name, message } of tally.failed) say(`\nFAILED ${name}\n${message}`);
for (const { name, reason } of tally.skipped) say(`\nSkipped ${name}: ${reason}`);
say(closingLine(tally));
// Where it cannot be run it has not failed; the closing line says that it was left out.
process.exitCode = tally.skipped.length > 0 ? 0 : exitCode(tally);
