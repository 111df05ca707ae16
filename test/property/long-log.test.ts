// Changes of a log of 100,000 entries: each is found with the root that was kept.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { equalBytes } from '#protocol/bytes/bytes.ts';
import { leafHash } from '#protocol/log/merkle.ts';
import { isIncluded } from '#protocol/log/verify-inclusion.ts';
import { flip, leavesOf, logChanges, treeOf } from '#test/support/log-changes.ts';

const SIZE = 100_000;

describe('a log of 100,000 entries', () => {
  const entries = leavesOf(SIZE);
  const tree = treeOf(entries);
  const kept = { size: SIZE, root: tree.rootOf(SIZE) };

  it('proves each entry, and none with a changed bit', { timeout: 600_000 }, () => {
    const wrong = entries.flatMap((entry, index) => {
      const proof = tree.inclusionProof(index, SIZE);
      const isProven = (leaf: Uint8Array) => isIncluded(index, leafHash(leaf), kept, proof);
      return isProven(entry) && !isProven(flip(entry, index)) ? [] : [index];
    });
    expect(wrong).toEqual([]);
  });

  it.each(logChanges(entries))('does not have the kept root after %s', { timeout: 600_000 }, (_what, change) => {
    const position = fc.integer({ min: 0, max: SIZE - 1 });
    fc.assert(
      fc.property(position, position, (at, other) => {
        const changed = change(at, other);
        const root = treeOf(changed).rootOf(Math.min(SIZE, changed.length));
        expect(changed.length >= SIZE && equalBytes(root, kept.root)).toBe(false);
      }),
      { numRuns: 5 },
    );
  });
});
