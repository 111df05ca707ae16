// The tree of a log against the recursive definition of RFC 6962, and its proofs against changes.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { equalBytes } from '#protocol/bytes/bytes.ts';
import { utf8 } from '#protocol/bytes/text.ts';
import { ed25519PublicKey, isSignedBy, signEd25519 } from '#protocol/crypto/ed25519.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { logOrigin, openCheckpoint, signCheckpoint } from '#protocol/log/checkpoint.ts';
import { leafHash, nodeHash } from '#protocol/log/merkle.ts';
import { decodeBundle, decodeTile, encodeBundle, readTilePath, tilePath, tilesOf } from '#protocol/log/tiles.ts';
import { decodeLogProof, encodeLogProof } from '#protocol/log/tlog-proof.ts';
import type { LogTree } from '#protocol/log/tree.ts';
import { isConsistent } from '#protocol/log/verify-consistency.ts';
import { isIncluded } from '#protocol/log/verify-inclusion.ts';
import { flip, leavesOf, logChanges, treeOf } from '#test/support/log-changes.ts';

/** MTH of RFC 6962 clause 2.1, as written there. */
function rootByDefinition(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256(new Uint8Array(0));
  const [only] = leaves;
  if (leaves.length === 1 && only !== undefined) return leafHash(only);
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return nodeHash(rootByDefinition(leaves.slice(0, split)), rootByDefinition(leaves.slice(split)));
}

const LEAVES = leavesOf(600);
const TREE = treeOf(LEAVES);
const headOf = (tree: LogTree, size: number) => ({ size, root: tree.rootOf(size) });

const sizes = fc
  .integer({ min: 1, max: 600 })
  .chain((size) => fc.tuple(fc.integer({ min: 1, max: size }), fc.constant(size)));

describe('the tree of a log', () => {
  it('has the root of RFC 6962 at each size', () => {
    for (let size = 0; size <= 70; size++) {
      expect(TREE.rootOf(size), `${size}`).toEqual(rootByDefinition(LEAVES.slice(0, size)));
    }
    for (const size of [255, 256, 257, 599, 600]) {
      expect(TREE.rootOf(size), `${size}`).toEqual(rootByDefinition(LEAVES.slice(0, size)));
    }
  });

  it('proves each leaf, and no other leaf, place or root', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), ([count, size], bit) => {
        const index = count - 1;
        const leaf = leafHash(LEAVES[index] ?? new Uint8Array(0));
        const proof = TREE.inclusionProof(index, size);
        expect(isIncluded(index, leaf, headOf(TREE, size), proof)).toBe(true);
        expect(isIncluded(index, flip(leaf, bit), headOf(TREE, size), proof)).toBe(false);
        expect(isIncluded(index + 1, leaf, headOf(TREE, size), proof)).toBe(false);
        expect(isIncluded(index, leaf, { size, root: flip(TREE.rootOf(size), bit) }, proof)).toBe(false);
        expect(isIncluded(index, leaf, headOf(TREE, size), [...proof, leaf])).toBe(false);
        for (const changed of changesOf(proof, bit)) {
          expect(isIncluded(index, leaf, headOf(TREE, size), changed)).toBe(false);
        }
      }),
    );
  });

  it('proves each earlier size, and no log in which an earlier entry differs', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), ([earlier, size], bit) => {
        const proof = TREE.consistencyProof(earlier, size);
        const [from, to] = [headOf(TREE, earlier), headOf(TREE, size)];
        expect(isConsistent(from, to, proof)).toBe(true);
        expect(isConsistent({ ...from, root: flip(from.root, bit) }, to, proof)).toBe(false);
        expect(isConsistent(from, { ...to, root: flip(to.root, bit) }, proof)).toBe(false);
        for (const changed of changesOf(proof, bit)) expect(isConsistent(from, to, changed)).toBe(false);
        if (earlier < size) expect(isConsistent(to, from, proof)).toBe(false);
      }),
    );
  });

  it('proves nothing about a fork: each change before the kept size fails with the proof of the fork', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), ([earlier, size], at) => {
        const forked = LEAVES.slice(0, size).map((leaf, index) => (index === at % earlier ? utf8('forged') : leaf));
        const fork = treeOf(forked);
        const proof = fork.consistencyProof(earlier, size);
        expect(isConsistent(headOf(fork, earlier), headOf(fork, size), proof)).toBe(true);
        expect(isConsistent(headOf(TREE, earlier), headOf(fork, size), proof)).toBe(false);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a log of 3000 entries', () => {
  const entries = leavesOf(3000);
  const kept = treeOf(entries).rootOf(3000);
  const position = fc.integer({ min: 0, max: 2999 });

  it.each(logChanges(entries))('does not have the kept root after %s', (_what, change) => {
    fc.assert(
      fc.property(position, position, (at, other) => {
        const tree = treeOf(change(at, other));
        expect(tree.size >= 3000 && equalBytes(tree.rootOf(3000), kept)).toBe(false);
      }),
      { numRuns: 8 },
    );
  });
});

describe('the files of a log', () => {
  it('contain the leaves and the hashes of the tree', () => {
    for (const tile of tilesOf(600)) {
      expect(readTilePath(tilePath(tile))).toEqual(tile);
      if (tile.level === 'entries') {
        const leaves = LEAVES.slice(tile.index * 256, tile.index * 256 + tile.width);
        expect(decodeBundle(encodeBundle(leaves), tile.width)).toEqual(leaves);
        continue;
      }
      const span = 256 ** tile.level;
      const hashes = decodeTile(TREE.tile(tile, 600) ?? new Uint8Array(0), tile.width);
      for (const [at, hash] of hashes.entries()) {
        const begin = (tile.index * 256 + at) * span;
        expect(equalBytes(hash, rootByDefinition(LEAVES.slice(begin, begin + span)))).toBe(true);
      }
    }
    expect(TREE.tile({ level: 0, index: 2, width: 89 }, 600)).toBeUndefined();
    expect(TREE.tile({ level: 1, index: 0, width: 3 }, 600)).toBeUndefined();
  });

  it('have the paths that are read', () => {
    const level = fc.oneof(fc.constant('entries' as const), fc.integer({ min: 0, max: 63 }));
    const tiles = fc.record({
      level,
      index: fc.integer({ min: 0, max: 10 ** 12 }),
      width: fc.integer({ min: 1, max: 256 }),
    });
    fc.assert(
      fc.property(tiles, (tile) => {
        expect(readTilePath(tilePath(tile))).toEqual(tile);
      }),
    );
  });

  it('are refused where a bundle is cut or longer', () => {
    const bundle = encodeBundle(LEAVES.slice(0, 3));
    expect(() => decodeBundle(bundle.subarray(0, -1), 3)).toThrow(SyntaxError);
    expect(() => decodeBundle(bundle, 2)).toThrow(SyntaxError);
    expect(() => decodeBundle(bundle, 4)).toThrow(SyntaxError);
    expect(() => encodeBundle([new Uint8Array(65_536)])).toThrow(RangeError);
    expect(() => decodeTile(new Uint8Array(33), 1)).toThrow(SyntaxError);
  });

  it('end with a checkpoint and a proof that a reader opens again', async () => {
    const secret = new Uint8Array(32).fill(7);
    const publicKey = ed25519PublicKey(secret);
    const root = new Uint8Array(32).fill(9);
    const signer = { publicKey, sign: (message: Uint8Array) => signEd25519(secret, message) };
    for (const size of [1, 2, 600]) {
      const checkpoint = await signCheckpoint(logOrigin(root), headOf(TREE, size), signer);
      expect(await openCheckpoint(checkpoint, root, [root, publicKey], isSignedBy)).toEqual(headOf(TREE, size));
      await expect(openCheckpoint(checkpoint, publicKey, [publicKey], isSignedBy)).rejects.toThrow();
      const proof = { index: size - 1, hashes: TREE.inclusionProof(size - 1, size), checkpoint };
      expect(decodeLogProof(encodeLogProof(proof))).toEqual(proof);
      expect(encodeLogProof(proof).length).toBeLessThan(2000);
      expect(() => decodeLogProof(encodeLogProof(proof).replace('index ', 'index 0'))).toThrow();
    }
  });
});

/** Proofs with one hash changed, removed or repeated. */
function changesOf(proof: readonly Uint8Array[], bit: number): Uint8Array[][] {
  return proof.flatMap((hash, at) => {
    const [before, after] = [proof.slice(0, at), proof.slice(at + 1)];
    return [
      [...before, flip(hash, bit), ...after],
      [...before, ...after],
      [...before, hash, hash, ...after],
    ];
  });
}
