// `npm test` runs everything but level 3; with --kernel-within N that too, as far as it comes in the N seconds from the start of all.
// `npm run check` (--quick) leaves out the builds, the long tests and the browser. Closes with one line that adds up every runner, and
// ends with a code other than 0 when anything failed, crashed or ran nothing.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { provideLevel2 } from './level2/support/provide.ts';
import { provideChromium } from './support/install-chromium.ts';
import { type Ended, runTool } from './support/run-command.ts';
import { closingLine, exitCode, honest, type Outcome, sum } from './support/tally.ts';

type Job = () => Promise<Outcome>;

const { quick = false, 'kernel-within': kernelWithin } = parseArgs({
  options: { quick: { type: 'boolean' }, 'kernel-within': { type: 'string' } },
}).values;
if (kernelWithin !== undefined && !/^\d+$/.test(kernelWithin))
  throw new RangeError(`${kernelWithin} is no number of seconds`);
const scratch = mkdtempSync(join(tmpdir(), 'keyferry-test-'));
const started = Date.now();

const say = (line: string): void => console.log(line);
const seconds = (since: number): string => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/** A check that is either clean or not; it counts as one. */
function check(name: string, run: () => Promise<Ended>): Job {
  return async () => {
    const since = Date.now();
    const { code, output } = await run();
    say(`${code === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds(since)})`);
    const failed = code === 0 ? [] : [{ name, message: output.trim() }];
    return { runner: name, passed: code === 0 ? 1 : 0, failed, skipped: [] };
  };
}

/** A test runner that leaves its account in a file; without one it has crashed. */
function runner(name: string, run: (env: Record<string, string>) => Promise<Ended>): Job {
  return async () => {
    const since = Date.now();
    const file = join(scratch, `${name}.json`);
    const { code } = await run({ KEYFERRY_OUTCOME: file, ...(quick ? { KEYFERRY_QUICK: '1' } : {}) });
    const nothing: Outcome = { runner: name, passed: 0, failed: [], skipped: [] };
    const outcome = honest(existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Outcome) : nothing, code);
    say(`${outcome.failed.length === 0 ? 'ok  ' : 'FAIL'} ${name}: ${closingLine(sum([outcome]))} (${seconds(since)})`);
    return outcome;
  };
}

/** Two at a time: the machine that this must be quick on has two cores. */
async function together(jobs: readonly Job[]): Promise<Outcome[]> {
  const waiting = [...jobs];
  const outcomes: Outcome[] = [];
  const lane = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) outcomes.push(await job());
  };
  await Promise.all([lane(), lane()]);
  return outcomes;
}

const build = check('build', () => runTool('vite', 'vite', ['build']));

const unit = runner('vitest', (env) => runTool('vitest', 'vitest', ['run'], { env, through: true }));

const statics: Job[] = [
  check('formatting and lint', () => runTool('@biomejs/biome', 'biome', ['ci', '--colors=off', '.'])),
  check('types of web', () => runTool('svelte-check', 'svelte-check', ['--tsconfig', 'web/tsconfig.json'])),
  ...['protocol', 'device-sim', 'device-host', 'as-service', 'test'].map((folder) =>
    check(`types of ${folder}`, () =>
      runTool('typescript', 'tsc', [
        '-p',
        folder,
        '--incremental',
        '--tsBuildInfoFile',
        `node_modules/.cache/tsc/${folder}`,
      ]),
    ),
  ),
];

async function browser(): Promise<Outcome[]> {
  const found = await provideChromium(say);
  if ('missing' in found) {
    say(`FAIL browser: ${found.missing}`);
    const failed = [{ name: 'end to end', message: found.missing }];
    return [{ runner: 'playwright', passed: 0, failed, skipped: [] }];
  }
  const end = runner('playwright', (env) =>
    runTool('@playwright/test', 'playwright', ['test'], {
      env: { ...env, KEYFERRY_CHROMIUM: found.path },
      through: true,
    }),
  );
  const outcome = await end();
  await provideLevel2(say);
  const level2 = await level('level 2', (env) =>
    runTool('@playwright/test', 'playwright', ['test', '-c', 'test/level2'], {
      env: { ...env, KEYFERRY_CHROMIUM: found.path },
      through: true,
    }),
  );
  if (kernelWithin === undefined) return [outcome, level2];
  const left = Math.max(0, Math.floor(Number(kernelWithin) - (Date.now() - started) / 1000));
  const level3 = await level('level 3', (env) =>
    runTool('tsx', 'tsx', ['test/level3/run.ts', '--built', '--within', String(left)], { env, through: true }),
  );
  return [outcome, level2, level3];
}

/** Where the machine cannot have it, its tests are left out by name: then one that was skipped stands for one that ran. */
async function level(name: string, run: (env: Record<string, string>) => Promise<Ended>): Promise<Outcome> {
  const since = Date.now();
  const file = join(scratch, `${name}.json`);
  const { code } = await run({ KEYFERRY_OUTCOME: file });
  const nothing: Outcome = { runner: name, passed: 0, failed: [], skipped: [] };
  const told = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Outcome) : nothing;
  const isLeftOut = code === 0 && told.passed + told.failed.length === 0 && told.skipped.length > 0;
  const outcome = isLeftOut && told.skipped.every(({ reason }) => reason !== '') ? told : honest(told, code);
  say(`${outcome.failed.length === 0 ? 'ok  ' : 'FAIL'} ${name}: ${closingLine(sum([outcome]))} (${seconds(since)})`);
  return outcome;
}

const outcomes: Outcome[] = [];
if (!quick) outcomes.push(await build());
outcomes.push(...(await together([unit, ...statics])));
if (!quick) outcomes.push(...(await browser()));
rmSync(scratch, { recursive: true, force: true });

const tally = sum(outcomes);
for (const { name, message } of tally.failed) say(`\nFAILED ${name}\n${message}`);
if (tally.again.length > 0) say('\nPassed at the second try only, to be looked into:');
for (const name of tally.again) say(`  ${name}`);
if (tally.skipped.length > 0) say('\nSkipped:');
for (const { name, reason } of tally.skipped) say(`  ${name}: ${reason}`);
say(`\n${quick ? 'Check' : 'Everything'} took ${seconds(started)}.`);
say(closingLine(tally));
process.exitCode = exitCode(tally);
