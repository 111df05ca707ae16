import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findImportable } from '#test/mutate/importable.ts';

const MAX_RUNS = 20;
const FILES = ['a.test.ts', 'b.test.ts', 'c.test.ts', 'd.test.ts'].map((path) => ({ moduleId: resolve(path) }));

/** Simulates imports: some files fail, and some make the worker hang. */
function importWith(failing: readonly string[], hanging: readonly string[]) {
  let runs = 0;
  return async (files: readonly { readonly moduleId: string }[]): Promise<string | undefined> => {
    if (++runs > MAX_RUNS) throw new Error('endless');
    for (const { moduleId } of files) {
      const path = moduleId.slice(resolve('.').length + 1);
      if (hanging.includes(path)) return '';
      if (failing.includes(path)) return `${path} › fails`;
    }
    return undefined;
  };
}

describe('the test files that can be imported again', () => {
  it.each([
    ['all', [], [], 'abcd'],
    ['those that do not fail', ['a.test.ts', 'c.test.ts'], [], 'bd'],
    ['those that do not hang', [], ['b.test.ts', 'd.test.ts'], 'ac'],
    ['those that neither fail nor hang', ['a.test.ts'], ['c.test.ts'], 'bd'],
    ['none', [], ['a.test.ts', 'b.test.ts', 'c.test.ts', 'd.test.ts'], ''],
  ])('are %s', async (_, failing, hanging, expected) => {
    const known = new Map<string, boolean>();
    const found = await findImportable(FILES, known, importWith(failing, hanging));
    expect(found).toEqual([...expected].map((name) => ({ moduleId: resolve(`${name}.test.ts`) })));
    expect(known.size).toBe(FILES.length);
  });
});
