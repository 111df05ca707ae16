// The Merkle tree of a log (RFC 6962 clause 2.1, with SHA-256), as functions over hashes. A tree of
// any size consists of complete subtrees, whose hashes never change once their leaves exist.
import { type Bytes, concat } from '../bytes/bytes.ts';
import { sha256 } from '../crypto/prf.ts';

/** Length of a hash in bytes. */
export const HASH_LENGTH = 32;

export function leafHash(leaf: Uint8Array): Bytes {
  return sha256(concat(0, leaf));
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Bytes {
  return sha256(concat(1, left, right));
}

/** Consecutive leaves, from `begin` up to but not including `end`. */
export interface LeafRange {
  readonly begin: number;
  readonly end: number;
}

/** A complete subtree: the leaves from `index` × 2^`level` on, 2^`level` of them. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/** Returns the greatest power of two below `size`, where RFC 6962 divides a tree. */
export function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

/**
 * Returns the complete subtrees that make up a range, from left to right. The range must be the
 * whole tree or one of its branches, as in proofRanges().
 */
export function subtreesOf({ begin, end }: LeafRange): Subtree[] {
  const subtrees: Subtree[] = [];
  for (let first = begin; first < end; ) {
    let level = 0;
    while (first % 2 ** (level + 1) === 0 && first + 2 ** (level + 1) <= end) level++;
    subtrees.push({ level, index: first / 2 ** level });
    first += 2 ** level;
  }
  return subtrees;
}

/** Returns the hash of a range from the hashes of its subtrees; of no subtree, that of no leaf. */
export function joinSubtrees(hashes: readonly Uint8Array[]): Bytes {
  const last = hashes.at(-1);
  if (last === undefined) return sha256(new Uint8Array(0));
  return concat(hashes.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last));
}
