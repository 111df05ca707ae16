// The hashes of a log's tree, from which roots, proofs and tiles are made. Keeps the hash of each
// complete subtree. A store of another kind implements SubtreeHashes.
import { type Bytes, concat } from '../bytes/bytes.ts';
import { consistencyRanges, inclusionRanges } from './make-proof.ts';
import { HASH_LENGTH, joinSubtrees, type LeafRange, nodeHash, type Subtree, subtreesOf } from './merkle.ts';
import { isInTree, rangeInTile, type Tile } from './tiles.ts';

/** The stored hashes of a tree. */
export interface SubtreeHashes {
  /** Number of leaves. */
  readonly size: number;
  /** Adds the hash of the next leaf. */
  append(leaf: Uint8Array): void;
  /** Returns the hash of a complete subtree. @throws RangeError if the tree does not contain it */
  hashOf(subtree: Subtree): Uint8Array;
}

/** Hashes per block of memory. A block is allocated at once and never copied. */
const BLOCK = 4096;

/** Keeps the hashes in memory: 64 bytes for each leaf. */
class MemoryHashes implements SubtreeHashes {
  /** For each level, the blocks of hashes and their number. */
  readonly #levels: { readonly blocks: Uint8Array[]; count: number }[] = [];

  get size(): number {
    return this.#levels[0]?.count ?? 0;
  }

  append(leaf: Uint8Array): void {
    let hash = leaf;
    for (let level = 0; ; level++) {
      const index = this.#push(level, hash);
      if (index % 2 === 0) return;
      hash = nodeHash(this.hashOf({ level, index: index - 1 }), hash);
    }
  }

  hashOf({ level, index }: Subtree): Uint8Array {
    const stored = this.#levels[level];
    const block = stored?.blocks[Math.floor(index / BLOCK)];
    if (stored === undefined || block === undefined || index >= stored.count) {
      throw new RangeError(`there is no subtree ${index} of level ${level}`);
    }
    const offset = (index % BLOCK) * HASH_LENGTH;
    return block.subarray(offset, offset + HASH_LENGTH);
  }

  #push(level: number, hash: Uint8Array): number {
    this.#levels[level] ??= { blocks: [], count: 0 };
    const stored = this.#levels[level];
    const index = stored.count++;
    if (index % BLOCK === 0) stored.blocks.push(new Uint8Array(BLOCK * HASH_LENGTH));
    stored.blocks.at(-1)?.set(hash, (index % BLOCK) * HASH_LENGTH);
    return index;
  }
}

/** The tree of a log, at its present size and at each earlier size. */
export class LogTree {
  readonly #hashes: SubtreeHashes;

  constructor(hashes: SubtreeHashes = new MemoryHashes()) {
    this.#hashes = hashes;
  }

  get size(): number {
    return this.#hashes.size;
  }

  append(leaf: Uint8Array): void {
    this.#hashes.append(leaf);
  }

  /** Returns the root hash of the first `size` leaves. */
  rootOf(size: number): Bytes {
    return this.#hashOf({ begin: 0, end: size });
  }

  inclusionProof(index: number, size: number): Bytes[] {
    return inclusionRanges(index, size).map((range) => this.#hashOf(range));
  }

  consistencyProof(earlier: number, size: number): Bytes[] {
    return consistencyRanges(earlier, size).map((range) => this.#hashOf(range));
  }

  /** Returns the content of a tile of hashes; undefined if the first `size` leaves lack a part of it. */
  tile(tile: Tile, size: number): Bytes | undefined {
    if (tile.level === 'entries' || !isInTree(tile, size)) return undefined;
    return concat(...Array.from({ length: tile.width }, (_, at) => this.#hashOf(rangeInTile(tile, at))));
  }

  #hashOf(range: LeafRange): Bytes {
    return joinSubtrees(subtreesOf(range).map((subtree) => this.#hashes.hashOf(subtree)));
  }
}
