import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  filesOf,
  findTestFiles,
  LONG_TAG,
  replacesModules,
  selectFiles,
  type TestFiles,
} from '#test/runner/test-files.ts';

const FILES: TestFiles = {
  vitest: [
    'test/negative/replay.test.ts',
    'test/process/reproducible-build.test.ts',
    'test/unit/protocol/orders/csv.test.ts',
    'test/unit/web/state/orders/order-run.test.ts',
  ],
  e2e: ['test/e2e/clause-8.spec.ts', 'test/e2e/orders-kills.spec.ts', 'test/e2e/orders.spec.ts'],
  level2: ['test/level2/faults.spec.ts', 'test/level2/load.spec.ts', 'test/level2/vault-canaries.spec.ts'],
  firefox: ['test/firefox/serial.spec.ts'],
};

const paths = ({ vitest, e2e, level2, firefox }: TestFiles): string[] => [...vitest, ...e2e, ...level2, ...firefox];

describe('the parts of the tests', () => {
  it('quick has no browser tests and no slow folders', () => {
    expect(paths(filesOf('quick', FILES))).toEqual(['test/unit/protocol/orders/csv.test.ts']);
  });

  it('all has everything but the files of long tests', () => {
    expect(paths(FILES).filter((path) => !paths(filesOf('all', FILES)).includes(path))).toEqual([
      'test/process/reproducible-build.test.ts',
      'test/e2e/orders-kills.spec.ts',
      'test/level2/faults.spec.ts',
      'test/level2/vault-canaries.spec.ts',
    ]);
  });

  it('long has the files of long tests, and the files with some tests that are tagged as long', () => {
    expect(paths(filesOf('long', FILES))).toEqual([
      'test/process/reproducible-build.test.ts',
      'test/e2e/orders-kills.spec.ts',
      'test/e2e/orders.spec.ts',
      'test/level2/faults.spec.ts',
      'test/level2/vault-canaries.spec.ts',
    ]);
  });

  it('all and long together have every test file of this repository', () => {
    const found = findTestFiles();
    expect(found.vitest).toContain('test/unit/test-runner/test-files.test.ts');
    const inParts = new Set([...paths(filesOf('all', found)), ...paths(filesOf('long', found))]);
    expect(paths(found).filter((path) => !inParts.has(path))).toEqual([]);
    expect(paths(filesOf('long', found)).length).toBeGreaterThanOrEqual(12);
    expect(paths(filesOf('quick', found)).length).toBeGreaterThan(80);
  });
});

describe('a file of test/e2e that only the long part runs', () => {
  const found = findTestFiles();
  const onlyLong = found.e2e.filter((path) => !filesOf('all', found).e2e.includes(path));

  it('exists', () => expect(onlyLong.length).toBeGreaterThan(0));

  it.each(onlyLong)('has no untagged test, which neither part would run: %s', (path) => {
    const text = readFileSync(path, 'utf8');
    const heads = text
      .split(/^ *test\(/m)
      .slice(1)
      .map((rest) => rest.split('async')[0] ?? '');
    expect(heads.length).toBeGreaterThan(0);
    expect(heads.filter((head) => !/\bLONG\b/.test(head) && !head.includes(`tag: '${LONG_TAG}'`))).toEqual([]);
  });
});

describe('--only', () => {
  it('selects the files of the part whose path contains a word', () => {
    expect(paths(selectFiles('all', ['orders'], FILES))).toEqual([
      'test/unit/protocol/orders/csv.test.ts',
      'test/unit/web/state/orders/order-run.test.ts',
      'test/e2e/orders.spec.ts',
    ]);
    expect(paths(selectFiles('all', ['negative', 'level2'], FILES))).toEqual([
      'test/negative/replay.test.ts',
      'test/level2/load.spec.ts',
    ]);
  });

  it('throws an error with a sentence when no path contains any of the words', () => {
    expect(() => selectFiles('all', ['nothing', 'none'], FILES)).toThrow(
      new RangeError('No test file of npm test has nothing or none in its path.'),
    );
  });

  it('names the command of another part that has such files', () => {
    expect(() => selectFiles('all', ['vault-canaries'], FILES)).toThrow(
      'No test file of npm test has vault-canaries in its path. npm run test:long has some.',
    );
  });
});

describe('a file that replaces modules', () => {
  it('is detected by its calls of vi.mock, vi.doMock and vi.hoisted', () => {
    expect(replacesModules('test/negative/erasure.test.ts')).toBe(true);
    expect(replacesModules('test/unit/test-runner/tally.test.ts')).toBe(false);
  });
});
