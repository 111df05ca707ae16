// Runs the tests for `npm run check`, `npm test` and `npm run test:long` (see USAGE in
// test/runner/run-options.ts). Prints the closing report. Exits with 1 when a test failed, or when
// a runner crashed or ran no test.
import { provideFirefox } from './firefox/install-firefox.ts';
import { provideLevel2 } from './level2/support/provide.ts';
import { closingReport } from './runner/closing-report.ts';
import { inSeries, type Job, leftOut } from './runner/jobs.ts';
import { NODE_VERSIONS, provideNode } from './runner/node-versions.ts';
import { parseOptions, type RunOptions, USAGE } from './runner/run-options.ts';
import { build, buildEnglish, endToEnd, firefoxTests, level2, level3, staticChecks, vitest } from './runner/runners.ts';
import { exitCode, type Outcome, sum } from './runner/tally.ts';
import { selectFiles, type TestFiles } from './runner/test-files.ts';
import { provideChromium, provideHeadlessShell } from './support/install-chromium.ts';

/** Duration of level 2 in the long part in seconds, on a machine with two cores. */
const LEVEL2_SECONDS = 830;

const started = Date.now();
const say = (line: string): void => console.log(line);

async function main(): Promise<0 | 1> {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    say(USAGE);
    return 0;
  }
  const outcomes = options.part === 'long' ? await runLong(options) : await runPart(options);
  if (options.thenLong) outcomes.push(...(await runLong(options)));
  for (const line of closingReport(outcomes, (Date.now() - started) / 1000)) say(line);
  return exitCode(sum(outcomes));
}

async function runPart({ part, only }: RunOptions): Promise<Outcome[]> {
  const files = selectFiles(part, only);
  const isAll = only.length === 0;
  const unit = files.vitest.length === 0 ? [] : [vitest('vitest', files.vitest)];
  const built = needsBrowser(files) ? [await buildEnglish()] : [];
  const browser = await browserJobs(files, 'all');
  // The static checks use one core, and level 2 spends half of its time waiting for devices.
  // Therefore both run at the same time as the unit and end-to-end tests.
  const [first, second] = await Promise.all([
    inSeries([...unit, ...browser.endToEnd, ...browser.firefox]),
    inSeries([...(isAll ? staticChecks : []), ...browser.level2]),
  ]);
  return [...built, ...first, ...second];
}

async function runLong({ only, within }: RunOptions): Promise<Outcome[]> {
  const files = selectFiles('long', only);
  const built = needsBrowser(files) ? [await build()] : [];
  const browser = await browserJobs(files, 'long');
  /** Runs level 2 if enough time is left for it. */
  const level2IfTime = browser.level2.map(
    (job): Job =>
      async () => {
        const left = secondsLeft(within);
        if (left === undefined || left >= LEVEL2_SECONDS) return await job();
        return leftOut('level 2, long', `needs ${LEVEL2_SECONDS} s, and ${left} s are left; npm run test:long runs it`);
      },
  );
  const nodes = NODE_VERSIONS.map((version) => () => quickTestsOn(version));
  const isAll = only.length === 0;
  const builds = files.vitest.length === 0 ? [] : [vitest('vitest, long', files.vitest)];
  // The end-to-end tests are never left out, because npm test has only a part of each file.
  const [first, second] = await Promise.all([
    inSeries([...builds, ...level2IfTime, ...(isAll ? nodes : [])]),
    inSeries(browser.endToEnd),
  ]);
  const last = isAll ? [await level3(secondsLeft(within))()] : [];
  return [...built, ...first, ...second, ...last];
}

/** Returns the seconds until the limit `within` is reached; undefined if there is no limit. */
function secondsLeft(within: number | undefined): number | undefined {
  return within === undefined ? undefined : Math.max(0, Math.floor(within - (Date.now() - started) / 1000));
}

async function quickTestsOn(version: string): Promise<Outcome> {
  const name = `Node ${version}`;
  const node = await provideNode(version);
  if ('missing' in node) return leftOut(name, node.missing);
  return await vitest(name, selectFiles('quick', []).vitest, node.path)();
}

function needsBrowser({ e2e, level2, firefox }: TestFiles): boolean {
  return e2e.length + level2.length + firefox.length > 0;
}

interface BrowserJobs {
  readonly endToEnd: readonly Job[];
  readonly level2: readonly Job[];
  readonly firefox: readonly Job[];
}

/**
 * Returns the jobs that need a browser. First installs the browsers and the tools of level 2, if
 * the user may install packages.
 */
async function browserJobs(files: TestFiles, part: 'all' | 'long'): Promise<BrowserJobs> {
  const firefox = files.firefox.length === 0 ? [] : [await firefoxJob(files.firefox)];
  if (files.e2e.length + files.level2.length === 0) return { endToEnd: [], level2: [], firefox };
  const found = await provideChromium(say);
  if ('missing' in found) {
    const failed = [{ name: 'browser tests', message: found.missing }];
    return { endToEnd: [async () => ({ runner: 'browser', passed: 0, failed, skipped: [] })], level2: [], firefox };
  }
  if (files.e2e.length > 0) await provideHeadlessShell(found.path, say);
  if (files.level2.length > 0) await provideLevel2(say);
  return {
    endToEnd: files.e2e.length === 0 ? [] : [endToEnd(files.e2e, part)],
    level2: files.level2.length === 0 ? [] : [level2(files.level2, found.path, part)],
    firefox,
  };
}

/** A machine without Firefox skips only these tests, because Keyferry does not require Firefox. */
async function firefoxJob(files: readonly string[]): Promise<Job> {
  const found = await provideFirefox(say);
  if ('missing' in found) return async () => leftOut('Firefox', found.missing);
  await provideLevel2(say); // umockdev, for the emulated tty
  return firefoxTests(files, found.path);
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
