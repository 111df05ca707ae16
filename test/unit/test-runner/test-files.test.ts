import { describe, expect, it } from 'vitest';
import { filesOf, findTestFiles, replacesModules, selectFiles, type TestFiles } from '#test/runner/test-files.ts';

const FILES: TestFiles = {
  vitest: [
    'test/negative/replay.test.ts',
    'test/unit/protocol/orders/csv.test.ts',
    'test/unit/web/state/orders/order-run.test.ts',
  ],
  e2e: ['test/e2e/load.spec.ts', 'test/e2e/orders-kills.spec.ts', 'test/e2e/orders.spec.ts'],
  level2: ['test/level2/load.spec.ts', 'test/level2/vault-canaries.spec.ts'],
};

const paths = ({ vitest, e2e, level2 }: TestFiles): string[] => [...vitest, ...e2e, ...level2];

describe('the parts of the tests', () => {
  it('quick: without a browser and without slow folders', () => {
    expect(paths(filesOf('quick', FILES))).toEqual(['test/unit/protocol/orders/csv.test.ts']);
  });

  it('all: everything but the searches of memory', () => {
    expect(paths(FILES).filter((path) => !paths(filesOf('all', FILES)).includes(path))).toEqual([
      'test/level2/vault-canaries.spec.ts',
    ]);
  });

  it('long: the searches of memory, and the browser tests that it repeats for longer', () => {
    expect(paths(filesOf('long', FILES))).toEqual([
      'test/e2e/orders-kills.spec.ts',
      'test/level2/vault-canaries.spec.ts',
    ]);
  });

  it('all and long together are every test file of this repository', () => {
    const found = findTestFiles();
    expect(found.vitest).toContain('test/unit/test-runner/test-files.test.ts');
    const inParts = new Set([...paths(filesOf('all', found)), ...paths(filesOf('long', found))]);
    expect(paths(found).filter((path) => !inParts.has(path))).toEqual([]);
    expect(paths(filesOf('long', found)).length).toBeGreaterThanOrEqual(4);
    expect(paths(filesOf('quick', found)).length).toBeGreaterThan(80);
  });
});

describe('--only', () => {
  it('selects the files of the part whose path contains a word', () => {
    expect(paths(selectFiles('all', ['orders'], FILES))).toEqual([
      'test/unit/protocol/orders/csv.test.ts',
      'test/unit/web/state/orders/order-run.test.ts',
      'test/e2e/orders-kills.spec.ts',
      'test/e2e/orders.spec.ts',
    ]);
    expect(paths(selectFiles('all', ['negative', 'level2'], FILES))).toEqual([
      'test/negative/replay.test.ts',
      'test/level2/load.spec.ts',
    ]);
  });

  it('fails with a sentence when no path contains a word', () => {
    expect(() => selectFiles('all', ['nothing', 'none'], FILES)).toThrow(
      new RangeError('No test file of npm test has nothing or none in its path.'),
    );
  });

  it('names the command whose part has such files', () => {
    expect(() => selectFiles('all', ['vault-canaries'], FILES)).toThrow(
      'No test file of npm test has vault-canaries in its path. npm run test:long has some.',
    );
  });
});

describe('a file that replaces modules', () => {
  it('is detected by its calls', () => {
    expect(replacesModules('test/negative/erasure.test.ts')).toBe(true);
    expect(replacesModules('test/unit/test-runner/tally.test.ts')).toBe(false);
  });
});
