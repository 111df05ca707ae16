// The tiles of a log (C2SP tlog-tiles): paths, sizes and contents. A tile is a file of up to 256
// hashes; an entry bundle is a file of up to 256 leaves.
import { type Bytes, concat } from '../bytes/bytes.ts';
import { readU16, u16 } from '../bytes/integers.ts';
import { HASH_LENGTH, type LeafRange } from './merkle.ts';

/** Number of hashes in a full tile. */
export const TILE_WIDTH = 256;
const MAX_LEVEL = 63;

/** A tile of hashes, or an entry bundle. */
export interface Tile {
  /** The level of a tile; 'entries' for an entry bundle. */
  readonly level: number | 'entries';
  readonly index: number;
  /** Number of hashes or leaves: 256 if the tile is full. */
  readonly width: number;
}

/** Returns the path below the prefix of the log: tile/0/x001/067 or tile/entries/000.p/5. */
export function tilePath({ level, index, width }: Tile): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g) ?? [];
  const name = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return `tile/${level}/${name}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/** Reads a path that tilePath() returns; undefined for any other text. */
export function readTilePath(path: string): Tile | undefined {
  const [, level = '', name = '', width] =
    /^tile\/(entries|\d+)\/((?:x\d{3}\/){0,4}\d{3})(?:\.p\/(\d+))?$/.exec(path) ?? [];
  const tile = {
    level: level === 'entries' ? level : Number(level),
    index: Number(name.replaceAll(/[x/]/g, '')),
    width: width === undefined ? TILE_WIDTH : Number(width),
  } as const;
  const isPossible =
    tile.width >= 1 && Number.isSafeInteger(tile.index) && (tile.level === 'entries' || tile.level <= MAX_LEVEL);
  return name !== '' && isPossible && tilePath(tile) === path ? tile : undefined;
}

/** Returns the tiles and bundles of a tree: those with leaves from `from` on, which an earlier size lacks. */
export function tilesOf(size: number, from = 0): Tile[] {
  const tiles: Tile[] = [];
  for (const level of ['entries', ...Array(MAX_LEVEL + 1).keys()] as const) {
    const span = level === 'entries' ? 1 : TILE_WIDTH ** level;
    const count = Math.floor(size / span);
    if (count === 0) break;
    for (let index = Math.floor(Math.floor(from / span) / TILE_WIDTH); index * TILE_WIDTH < count; index++) {
      tiles.push({ level, index, width: Math.min(TILE_WIDTH, count - index * TILE_WIDTH) });
    }
  }
  return tiles;
}

/** Returns the range of leaves below hash number `at` of a tile. */
export function rangeInTile({ level, index }: Tile, at: number): LeafRange {
  const span = level === 'entries' ? 1 : TILE_WIDTH ** level;
  const begin = (index * TILE_WIDTH + at) * span;
  return { begin, end: begin + span };
}

/** True iff a log of `size` leaves has all hashes of the tile. */
export function isInTree(tile: Tile, size: number): boolean {
  return rangeInTile(tile, tile.width - 1).end <= size;
}

/** Returns the hashes of a tile. @throws SyntaxError when the length is wrong */
export function decodeTile(content: Uint8Array, width: number): Uint8Array[] {
  if (content.length !== width * HASH_LENGTH)
    throw new SyntaxError(`a tile of ${width} hashes has ${content.length} bytes`);
  return Array.from({ length: width }, (_, at) => content.subarray(at * HASH_LENGTH, (at + 1) * HASH_LENGTH));
}

/** @throws RangeError for a leaf that is too long */
export function encodeBundle(leaves: readonly Uint8Array[]): Bytes {
  return concat(...leaves.flatMap((leaf) => [u16(leaf.length), leaf]));
}

/** Returns the leaves of a bundle. @throws SyntaxError when the content is malformed */
export function decodeBundle(content: Uint8Array, width: number): Uint8Array[] {
  const leaves: Uint8Array[] = [];
  let offset = 0;
  while (offset + 2 <= content.length) {
    const begin = offset + 2;
    offset = begin + readU16(content, offset);
    leaves.push(content.subarray(begin, offset));
  }
  if (offset !== content.length || leaves.length !== width) throw new SyntaxError(`not a bundle of ${width} leaves`);
  return leaves;
}
