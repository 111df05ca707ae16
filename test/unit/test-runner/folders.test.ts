// The test files that run against the mutants of a folder.
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { foldersBelow, importersOf, judgesOf } from '#test/mutate/folders.ts';
import { sourcesOf } from '#test/mutate/sources.ts';

const CRASHES = 'test/unit/web/state/orders/crash-matrix.test.ts';

describe('the folders', () => {
  it('below a name include the folder itself, unless it ends in "/."', () => {
    expect(foldersBelow('web/src/state/orders')).toEqual(['web/src/state/orders']);
    expect(foldersBelow('as-service/common/.')).toEqual(['as-service/common']);
    expect(foldersBelow('protocol')).toEqual(expect.arrayContaining(['protocol', 'protocol/tkl']));
    expect(foldersBelow('protocol/.')).toEqual(['protocol']);
    expect(foldersBelow('web/src/ui')).toEqual([]);
  });
});

describe('the sources', () => {
  it('are all files of the folder except programs, which no test imports', () => {
    const paths = sourcesOf('as-service/bin').map(({ path }) => path);
    expect(paths).toContain('as-service/bin/config.ts');
    expect(paths).not.toContain('as-service/bin/serve.ts');
    expect(paths).not.toContain('as-service/bin/cli.ts');
  });
});

describe('the tests', () => {
  it('near a folder are its unit and property tests', () => {
    const { near, far } = judgesOf('protocol/tkl');
    expect(near.every((path) => /^test\/(unit\/protocol|property)\/tkl\//.test(path))).toBe(true);
    expect(near.length).toBeGreaterThan(0);
    expect(far.filter((path) => near.includes(path))).toEqual([]);
  });

  it('that take a minute for each mutant are not near, and run last', () => {
    const { near, far } = judgesOf('web/src/state/orders');
    expect(existsSync(CRASHES)).toBe(true);
    expect(near).not.toContain(CRASHES);
    expect(far.at(-1)).toBe(CRASHES);
  });

  it('of a mutant that acts during an import are all that import its file, likely ones first', () => {
    const { near } = judgesOf('protocol/json');
    const importers = importersOf('protocol/json/schema.ts', near, new Set(['test/unit/protocol/json/schema.test.ts']));
    expect(importers[0]).toBe('test/unit/protocol/json/schema.test.ts');
    expect(importers.length).toBeGreaterThan(1);
    expect(importersOf('protocol/tkl/suites.ts', near, new Set())).toEqual([]);
  });
});
