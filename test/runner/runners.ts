// The static checks and test runners of this repository as jobs. Used by test/run.ts.
import { type Ended, type RunOptions, runTool } from '../support/run-command.ts';
import { check, type Job, runner } from './jobs.ts';
import { checkOutcomeOrSkipped } from './tally.ts';
import { LONG_TAG } from './test-files.ts';

const TYPESCRIPT = '@typescript/native';
const CACHE = 'node_modules/.cache/tsc';
/**
 * Sizes for the long part: number of browser kills, half of them with one lane and half with eight,
 * and number of units in one order.
 */
const LONG_ENV = { KEYFERRY_KILLS: '24', KEYFERRY_UNITS: '1000' };

/**
 * Checks the types of all scripts and components below `folder`, which contains tsconfig.json. The
 * folder is passed as the workspace, because svelte-check ignores components in folders below the
 * workspace.
 */
export function checkComponents(folder: string): Promise<Ended> {
  const args = ['--workspace', folder, '--tsconfig', 'tsconfig.json', '--tsgo', '--incremental'];
  return runTool('svelte-check', 'svelte-check', args);
}

export const build: Job = check('build', () => runTool('vite', 'vite', ['build']));

/** Builds the pages in English only: tests outside the long part open no other language of this build. */
export const buildEnglish: Job = check('build in English', () =>
  runTool('vite', 'vite', ['build'], { env: { KEYFERRY_LANGUAGES: 'en' } }),
);

export const staticChecks: readonly Job[] = [
  check('types of web', () => checkComponents('web')),
  check('unused files, exports and packages', () => runTool('knip', 'knip', ['--no-progress'])),
  check('formatting and lint', () => runTool('@biomejs/biome', 'biome', ['ci', '--colors=off', '.'])),
  ...['test', 'as-service', 'device-host', 'device-sim', 'protocol'].map((folder) =>
    check(`types of ${folder}`, () =>
      runTool(TYPESCRIPT, 'tsc', [
        ...['-p', folder, '--singleThreaded'],
        ...['--incremental', '--tsBuildInfoFile', `${CACHE}/${folder}`],
      ]),
    ),
  ),
];

/**
 * @param node path of the Node executable; undefined uses the executable of this process
 */
export function vitest(name: string, files: readonly string[], node?: string): Job {
  return runner(name, (env) =>
    runTool('vitest', 'vitest', ['run', ...files], { env, through: true, ...(node && { node }) }),
  );
}

export function endToEnd(files: readonly string[], part: 'all' | 'long'): Job {
  const isLong = part === 'long';
  const env = isLong ? LONG_ENV : {};
  const args = [isLong ? '--grep' : '--grep-invert', LONG_TAG];
  return runner(isLong ? 'end to end, long' : 'end to end', (outcome) =>
    playwright(args, files, { ...outcome, ...env }),
  );
}

export function level2(files: readonly string[], chromium: string, part: 'all' | 'long'): Job {
  const name = part === 'long' ? 'level 2, long' : 'level 2';
  const run = (env: Env): Promise<Ended> =>
    playwright(['-c', 'test/level2'], files, { ...env, KEYFERRY_CHROMIUM: chromium });
  return runner(name, run, checkOutcomeOrSkipped);
}

export function firefoxTests(files: readonly string[], firefox: string): Job {
  return runner('Firefox', (env) =>
    runTool('vitest', 'vitest', ['run', '-c', 'test/firefox/vitest.config.ts', ...files], {
      env: { ...env, KEYFERRY_FIREFOX: firefox },
      through: true,
    }),
  );
}

/** @param within maximum duration of level 3 in seconds; undefined for no limit */
export function level3(within: number | undefined): Job {
  const args = ['test/level3/run.ts', '--built', ...(within === undefined ? [] : ['--within', String(within)])];
  return runner('level 3', (env) => runTool('tsx', 'tsx', args, { env, through: true }), checkOutcomeOrSkipped);
}

type Env = Readonly<Record<string, string>>;

/** Playwright's file filters are regular expressions that are matched against absolute paths. */
function playwright(args: readonly string[], files: readonly string[], env: Env): Promise<Ended> {
  const filters = files.map((file) => `/${file.replaceAll('.', '\\.')}$`);
  const options: RunOptions = { env, through: true };
  return runTool('@playwright/test', 'playwright', ['test', ...args, ...filters], options);
}
