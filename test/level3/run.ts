// `npm run test:kernel`, level 3: Debian's own kernel drives the simulated EI over USB/IP, a real Chromium and Debian's PC/SC work with
// it. Builds what it needs (--built: it is built already; --part pcsc, browser, card or fidelity: only that). --part load is a key over each
// link --times N in a row, 10 unless said. --within N: it has to be over in N seconds, and leaves out what it does not come to.
// Closes with `N passed, N failed, N skipped`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'vite';
import { provideChromium } from '../support/install-chromium.ts';
import { runCommand, runTool } from '../support/run-command.ts';
import { closingLine, exitCode, honest, type Outcome, sum } from '../support/tally.ts';
import { type Kernel, provideKernel, providePackages } from './debian.ts';
import { runGuest } from './machine.ts';
import { decodeReport, outcomeOf, type Report } from './report.ts';

/** All of it takes 8 minutes on a machine that has little else to do. */
const NEEDED_S = 540;
/** Of one run of the guest, on one that has. */
const LIMIT_MS = 30 * 60_000;
/** A guest that was not heard of for so long does not go on: no test of it is so long in silence. */
const SILENT_MS = 5 * 60_000;
const CACHE = resolve('node_modules/.cache/keyferry-kernel');
const NAME = 'kernel, browser and PC/SC (level 3)';

const PARTS = ['', 'pcsc', 'browser', 'card', 'load', 'fidelity'];

const {
  part = '',
  times = '10',
  within,
} = parseArgs({
  options: {
    built: { type: 'boolean' },
    part: { type: 'string' },
    times: { type: 'string' },
    within: { type: 'string' },
  },
}).values;
const started = Date.now();
const say = (line: string): void => console.log(line);

function leftOut(reason: string): Outcome {
  return { runner: 'kernel', passed: 0, failed: [], skipped: [{ name: NAME, reason }] };
}

function broken(message: string): Outcome {
  return { runner: 'kernel', passed: 0, failed: [{ name: NAME, message }], skipped: [] };
}

async function main(): Promise<Outcome> {
  if (!PARTS.includes(part)) return broken(`there is no part ${part}`);
  if (!/^[1-9]\d?$/.test(times)) return broken(`${times} is no number from 1 to 99`);
  if (within !== undefined && !/^\d+$/.test(within)) return broken(`${within} is no number of seconds`);
  if (within !== undefined && Number(within) < NEEDED_S) {
    return leftOut(`takes about ${NEEDED_S} s, and ${within} s are left; npm run test:kernel runs it`);
  }
  const lacking = await providePackages(say);
  if (lacking !== undefined) return leftOut(lacking);
  mkdirSync(CACHE, { recursive: true });
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
  const sights = join(CACHE, 'fake.json');
  const device = await bundle('../../device-host/cli.ts', 'device.mjs', {});
  const names = {
    KEYFERRY_CHROMIUM: chromium,
    KEYFERRY_PART: part,
    KEYFERRY_TIMES: times,
    KEYFERRY_FAKE: sights,
    KEYFERRY_DEVICE: device,
  };
  const guest = await bundle('guest/main.ts', 'guest.mjs', names);
  if (part === '' || part === 'fidelity') {
    const fake = await bundle('fake.ts', 'fake.mjs', names);
    const { code, output } = await runCommand(process.execPath, [fake]);
    if (code !== 0) return broken(`the fake could not be looked at:\n${output}`);
  }
  return await runInGuest(kernel, guest);
}

async function runInGuest(kernel: Kernel, guest: string): Promise<Outcome> {
  const reports: Report[] = [];
  let heard = Date.now();
  const booted = Date.now();
  const { how, isLate } = await runGuest({
    kernel,
    folder: CACHE,
    main: guest,
    limitMs: within === undefined ? LIMIT_MS : Number(within) * 1000 - (booted - started),
    onLine: (line) => {
      const report = decodeReport(line);
      if (report === undefined) return;
      heard = Date.now();
      reports.push(report);
      tell(report);
    },
  });
  say(`The guest took ${Math.round((Date.now() - booted) / 1000)} s.`);
  const isSlow = isLate && within !== undefined && Date.now() - heard < SILENT_MS;
  const outcome = outcomeOf(
    reports,
    how,
    isSlow ? `was not done within ${within} s; npm run test:kernel runs it` : undefined,
  );
  return isSlow ? outcome : honest(outcome, 0);
}

function tell(report: Report): void {
  if (report.report === 'passed') say(`ok   ${report.name} (${report.seconds} s)`);
  if (report.report === 'failed') say(`FAIL ${report.name} (${report.seconds} s)`);
  if (report.report === 'note') say(`     ${report.text}`);
}

/** One file, so that the guest need not translate TypeScript at a tenth of the speed. `names` become members of import.meta.env. */
async function bundle(entry: string, file: string, names: Readonly<Record<string, string>>): Promise<string> {
  const define = Object.entries(names).map(([name, value]) => [`import.meta.env.${name}`, JSON.stringify(value)]);
  await build({
    configFile: false,
    logLevel: 'warn',
    define: Object.fromEntries(define),
    ssr: { noExternal: true, external: ['@playwright/test'] },
    build: {
      ssr: resolve('test/level3', entry),
      outDir: CACHE,
      emptyOutDir: false,
      copyPublicDir: false,
      target: 'node20',
      minify: false,
      rolldownOptions: { output: { format: 'esm', entryFileNames: file, codeSplitting: false } },
    },
  });
  return join(CACHE, file);
}

const tally = sum([await main()]);
const { KEYFERRY_OUTCOME: file } = process.env;
if (file !== undefined) writeFileSync(file, JSON.stringify({ runner: 'kernel', ...tally }));
for (const { name, message } of tally.failed) say(`\nFAILED ${name}\n${message}`);
for (const { name, reason } of tally.skipped) say(`\nSkipped ${name}: ${reason}`);
say(closingLine(tally));
// Where it cannot be run it has not failed; the closing line says that it was left out.
process.exitCode = tally.failed.length === 0 && tally.skipped.length > 0 ? 0 : exitCode(tally);
