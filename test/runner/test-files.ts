// Lists the test files of each runner and selects the files of a run. Used by test/run.ts.
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'node:path';

export interface TestFiles {
  /** `*.test.ts`, run by Vitest. */
  readonly vitest: readonly string[];
  /** `*.spec.ts` of test/e2e: the built page in Chromium with simulated units. */
  readonly e2e: readonly string[];
  /** `*.spec.ts` of test/level2: the built page in Chromium with emulated USB devices. */
  readonly level2: readonly string[];
  /** `*.spec.ts` of test/firefox: the built page in Firefox with simulated units. */
  readonly firefox: readonly string[];
}

/**
 * Folders that `npm run check` leaves out. Their tests start processes, run the service on a real
 * disk, or have thousands of cases.
 */
const SLOW = /^test\/(process|service|negative|contract|property)\/|^test\/unit\/web\/state\/(orders|tokens)\//;

/**
 * Tests that only `npm run test:long` runs, as folders and file names. They take long and rarely fail:
 * kills of the browser, an order of 1,000 units, counted presses, the Tokens view in axe, searches of
 * the memory of all browser processes, most of level 2, two builds, 100,000 challenges, and changes of a log of 100,000 entries.
 */
const ONLY_LONG: Readonly<Record<string, readonly string[]>> = {
  'test/e2e': ['orders-kills', 'orders-many', 'presses', 'tokens-access', 'update-kills'],
  'test/level2': ['canaries', 'faults', 'fidelity', 'interrupted', 'policy', 'vault-canaries'],
  'test/negative': ['many-challenges'],
  'test/process': ['reproducible-build'],
  'test/property': ['long-log'],
};

/** Tag of the tests in other files of test/e2e that only `npm run test:long` runs. */
export const LONG_TAG = '@long';

const PARTS = ['quick', 'all', 'long'] as const;
export type Part = (typeof PARTS)[number];

const COMMANDS: Readonly<Record<Part, string>> = {
  quick: 'npm run check',
  all: 'npm test',
  long: 'npm run test:long',
};

/**
 * Returns all test files below test/, sorted, as paths relative to the repository with forward
 * slashes.
 */
export function findTestFiles(): TestFiles {
  const paths = readdirSync('test', { recursive: true, encoding: 'utf8' })
    .map((path) => `test/${path.replaceAll('\\', '/')}`)
    .filter((path) => !path.includes('/node_modules/'))
    .sort();
  const specs = (folder: string): string[] =>
    paths.filter((path) => path.startsWith(`${folder}/`) && path.endsWith('.spec.ts'));
  return {
    vitest: paths.filter((path) => path.endsWith('.test.ts')),
    e2e: specs('test/e2e'),
    level2: specs('test/level2'),
    firefox: specs('test/firefox'),
  };
}

/**
 * Returns the test files of one part. If `only` is not empty, returns only the files whose path
 * contains one of these words.
 * @throws RangeError if no path contains any of the words; the caller prints the message
 */
export function selectFiles(part: Part, only: readonly string[], files: TestFiles = findTestFiles()): TestFiles {
  const inPart = filesOf(part, files);
  if (only.length === 0) return inPart;
  const selected = matching(only, inPart);
  if (countOf(selected) > 0) return selected;
  const words = only.join(' or ');
  const elsewhere = PARTS.filter((other) => countOf(matching(only, filesOf(other, files))) > 0);
  const hint = elsewhere.length === 0 ? '' : ` ${elsewhere.map((other) => COMMANDS[other]).join(' and ')} has some.`;
  throw new RangeError(`No test file of ${COMMANDS[part]} has ${words} in its path.${hint}`);
}

export function filesOf(part: Part, files: TestFiles): TestFiles {
  const { vitest, e2e, level2, firefox } = files;
  if (part === 'quick') return { vitest: vitest.filter((path) => !SLOW.test(path)), e2e: [], level2: [], firefox: [] };
  if (part === 'all') {
    return {
      vitest: vitest.filter((path) => !isLong(path)),
      e2e: e2e.filter((path) => !isLong(path)),
      level2: level2.filter((path) => !isLong(path)),
      firefox,
    };
  }
  return { vitest: vitest.filter(isLong), e2e: e2e.filter(hasLongTest), level2: level2.filter(isLong), firefox: [] };
}

/** True if only the long part runs the file. */
function isLong(path: string): boolean {
  const { dir, name } = parse(path);
  return ONLY_LONG[dir]?.includes(name.replace(/\.(spec|test)$/, '')) ?? false;
}

/** True if the file has a test for `npm run test:long`. */
function hasLongTest(path: string): boolean {
  return isLong(path) || readFileSync(path, 'utf8').includes(`'${LONG_TAG}'`);
}

/**
 * True if the test file replaces modules. Such a file cannot share its module cache with others.
 */
export function replacesModules(path: string): boolean {
  return /\bvi\.(mock|doMock|hoisted)\(/.test(readFileSync(path, 'utf8'));
}

function matching(words: readonly string[], files: TestFiles): TestFiles {
  const select = (paths: readonly string[]): string[] =>
    paths.filter((path) => words.some((word) => path.slice('test/'.length).includes(word)));
  return {
    vitest: select(files.vitest),
    e2e: select(files.e2e),
    level2: select(files.level2),
    firefox: select(files.firefox),
  };
}

function countOf({ vitest, e2e, level2, firefox }: TestFiles): number {
  return vitest.length + e2e.length + level2.length + firefox.length;
}
