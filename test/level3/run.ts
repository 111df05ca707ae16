// Implements `npm run test:kernel`, level 3: Debian's kernel drives the simulated unit over USB/IP,
// for a real Chromium and for Debian's PC/SC. `--built` uses dist/ as it is, without a build.
// `--part` runs one part: pcsc, browser, card, fidelity or load. The part `load` loads a key N
// times over each link; `--times N` sets N, which is 10 by default. `--within N` skips the tests
// that are not finished within N seconds. The last line of the output is `N passed, N failed, N
// skipped`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'vite';
import { checkOutcome, closingLine, exitCode, type Outcome, sum } from '../runner/tally.ts';
import { provideChromium } from '../support/install-chromium.ts';
import { runCommand, runTool } from '../support/run-command.ts';
import { type Kernel, provideKernel, providePackages } from './debian.ts';
import { runGuest } from './machine.ts';
import { decodeReport, outcomeOf, type Report } from './report.ts';

/** Time that all tests need, in s. They take 8 minutes on an idle machine. */
const NEEDED_S = 540;
/** Time limit of the guest, in ms. Long enough for a busy machine. */
const LIMIT_MS = 30 * 60_000;
/** A guest that reports nothing for this time has hung, because no test takes longer. */
const MAX_SILENCE_MS = 5 * 60_000;
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

function skipped(reason: string): Outcome {
  return { runner: 'kernel', passed: 0, failed: [], skipped: [{ name: NAME, reason }] };
}

function failed(message: string): Outcome {
  return { runner: 'kernel', passed: 0, failed: [{ name: NAME, message }], skipped: [] };
}

async function main(): Promise<Outcome> {
  if (!PARTS.includes(part)) return failed(`unknown part ${part}`);
  if (!/^[1-9]\d?$/.test(times)) return failed(`--times must be 1 to 99, not ${times}`);
  if (within !== undefined && !/^\d+$/.test(within)) return failed(`--within must be a number, not ${within}`);
  if (within !== undefined && Number(within) < NEEDED_S) {
    return skipped(`takes about ${NEEDED_S} s, and ${within} s are left; npm run test:kernel runs level 3`);
  }
  const missing = await providePackages(say);
  if (missing !== undefined) return skipped(missing);
  mkdirSync(CACHE, { recursive: true });
  const browser = await provideChromium(say);
  if ('missing' in browser) return skipped(browser.missing);
  const kernel = await provideKernel(CACHE, say);
  if ('missing' in kernel) return skipped(kernel.missing);
  if (!process.argv.includes('--built')) {
    const { code, output } = await runTool('vite', 'vite', ['build']);
    if (code !== 0) return failed(`the build failed:\n${output}`);
  }
  return await runTests(kernel, browser.path);
}

async function runTests(kernel: Kernel, chromium: string): Promise<Outcome> {
  const observations = join(CACHE, 'fake.json');
  const device = await bundle('../../device-host/cli.ts', 'device.mjs', {});
  const names = {
    KEYFERRY_CHROMIUM: chromium,
    KEYFERRY_PART: part,
    KEYFERRY_TIMES: times,
    KEYFERRY_FAKE: observations,
    KEYFERRY_DEVICE: device,
  };
  const guest = await bundle('guest/main.ts', 'guest.mjs', names);
  if (part === '' || part === 'fidelity') {
    const fake = await bundle('fake.ts', 'fake.mjs', names);
    const { code, output } = await runCommand(process.execPath, [fake]);
    if (code !== 0) return failed(`the fake cannot be observed:\n${output}`);
  }
  return await runInGuest(kernel, guest);
}

async function runInGuest(kernel: Kernel, guest: string): Promise<Outcome> {
  const reports: Report[] = [];
  let lastReport = Date.now();
  const booted = Date.now();
  const { how, isLate } = await runGuest({
    kernel,
    folder: CACHE,
    main: guest,
    limitMs: within === undefined ? LIMIT_MS : Number(within) * 1000 - (booted - started),
    onLine: (line) => {
      const report = decodeReport(line);
      if (report === undefined) return;
      lastReport = Date.now();
      reports.push(report);
      print(report);
    },
  });
  say(`The guest took ${Math.round((Date.now() - booted) / 1000)} s.`);
  const isSlow = isLate && within !== undefined && Date.now() - lastReport < MAX_SILENCE_MS;
  const outcome = outcomeOf(
    reports,
    how,
    isSlow ? `not finished within ${within} s; npm run test:kernel runs level 3` : undefined,
  );
  return isSlow ? outcome : checkOutcome(outcome, 0);
}

function print(report: Report): void {
  if (report.report === 'passed') say(`ok   ${report.name} (${report.seconds} s)`);
  if (report.report === 'failed') say(`FAIL ${report.name} (${report.seconds} s)`);
  if (report.report === 'note') say(`     ${report.text}`);
}

/**
 * Bundles a program into one file, because the guest would transpile TypeScript at a tenth of the
 * speed.
 * @param names values for members of import.meta.env, by name
 */
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
// Skipped tests do not fail the run. The last line reports them.
process.exitCode = tally.failed.length === 0 && tally.skipped.length > 0 ? 0 : exitCode(tally);
