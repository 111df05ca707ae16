// Selects the test files to run against the mutants of a source folder.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import { findTestFiles } from '../runner/test-files.ts';

/** The test folders that run against mutants which survived the near tests, by source folder. */
const FAR_TESTS: Readonly<Record<string, readonly string[]>> = {
  protocol: ['test/unit/protocol', 'test/method', 'test/property', 'test/negative', 'test/contract'],
  'as-service': ['test/unit/as-service', 'test/service', 'test/negative'],
  'web/src/journal': ['test/unit/web/journal', 'test/unit/web/state'],
  'web/src/state': ['test/unit/web/state', 'test/unit/web/ui'],
};

/**
 * Tests of a source folder that are in neither its unit folder nor its property folder. They are
 * slower, so they run last.
 */
const NEAR_TESTS: Readonly<Record<string, readonly string[]>> = {
  'protocol/orders': ['test/negative/reports.test.ts'],
};

/** Unit tests that take a minute for each mutant. They run last, with the far tests. */
const SLOW_TESTS: ReadonlySet<string> = new Set(['test/unit/web/state/orders/crash-matrix.test.ts']);

export interface Judges {
  /**
   * The unit and property tests of the same folder, and those of NEAR_TESTS. They are fast and kill
   * most mutants.
   */
  readonly near: readonly string[];
  readonly far: readonly string[];
}

/**
 * Returns the folders below `within` that have sources. An empty text selects all folders. A folder
 * that ends with "/." is selected without those below it.
 */
export function foldersBelow(within: string): string[] {
  const sources = Object.keys(FAR_TESTS).flatMap((top) =>
    readdirSync(top, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.parentPath.includes('node_modules'))
      .map((entry) => entry.parentPath.replaceAll('\\', '/')),
  );
  const folders = [...new Set(sources)].sort();
  if (within.endsWith('/.')) return folders.filter((folder) => `${folder}/.` === within);
  return folders.filter((folder) => within === '' || folder === within || folder.startsWith(`${within}/`));
}

/** Returns the test files that import a source of the folder, directly or through other files. */
export function judgesOf(folder: string): Judges {
  const top = Object.keys(FAR_TESTS).find((name) => folder === name || folder.startsWith(`${name}/`)) ?? '';
  const own = [`test/unit/${folder.replace('web/src', 'web')}`, `test/property/${posix.basename(folder)}`];
  const others = NEAR_TESTS[folder] ?? [];
  const isNear = (path: string): boolean =>
    (own.includes(posix.dirname(path)) && !SLOW_TESTS.has(path)) || others.includes(path);
  const reaches = importsAny((path) => dirname(path) === folder);
  const files = findTestFiles().vitest.filter((path) => reaches(path));
  const far = (FAR_TESTS[top] ?? []).map((name) => `${name}/`);
  return {
    near: [...files.filter((path) => isNear(path) && !others.includes(path)), ...others],
    far: far
      .flatMap((name) => files.filter((path) => path.startsWith(name) && !isNear(path)))
      .sort((a, b) => Number(SLOW_TESTS.has(a)) - Number(SLOW_TESTS.has(b))),
  };
}

/**
 * Returns the test files that import the source, directly or through other files, those of
 * `first` before the others.
 */
export function importersOf(source: string, files: readonly string[], first: ReadonlySet<string>): string[] {
  const importers = files.filter(importsAny((path) => path === source));
  return importers.sort((a, b) => Number(first.has(b)) - Number(first.has(a)));
}

/**
 * Returns a function that is true for a wanted file, and for a file that imports one, directly or
 * through other files.
 */
function importsAny(isWanted: (path: string) => boolean): (path: string) => boolean {
  const reached = new Map<string, boolean>();
  const reaches = (path: string): boolean => {
    const known = reached.get(path);
    if (known !== undefined) return known;
    reached.set(path, isWanted(path));
    if (!isWanted(path)) reached.set(path, importsOf(path).some(reaches));
    return reached.get(path) === true;
  };
  return reaches;
}

const ALIAS = /^#(web|[\w-]+)\//;

/**
 * Returns the files of this repository that a file imports. Uses a regular expression and not a
 * parser, because this is faster.
 */
function importsOf(path: string): string[] {
  if (!/\.(ts|svelte)$/.test(path) || !existsSync(path)) return [];
  const specifiers = readFileSync(path, 'utf8').matchAll(/(?:from|import|import\(|URL\()\s*'([.#][^'?]+)/g);
  return [...specifiers].flatMap(([, specifier = '']) => {
    if (specifier.startsWith('.')) return [posix.join(posix.dirname(path), specifier)];
    return [specifier.replace(ALIAS, (_all, name: string) => (name === 'web' ? 'web/src/' : `${name}/`))];
  });
}
