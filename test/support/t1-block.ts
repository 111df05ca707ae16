// Octets as one T=1 block, read by the reader that both ends of the line have.
import type { Edc } from '#protocol/framing/edc.ts';
import { type T1Block, T1BlockReader } from '#protocol/framing/t1-block.ts';

/** The block, or undefined unless the octets are exactly one. */
export function decodeBlock(octets: Uint8Array, edc: Edc): T1Block | undefined {
  const reader = new T1BlockReader(edc);
  reader.push(octets);
  const block = reader.next();
  const isAll = reader.next() === undefined && !reader.isPending;
  return isAll && block !== 'damaged' ? block : undefined;
}
