// Decodes one T=1 block with the reader that both ends use.
import type { Edc } from '#protocol/framing/edc.ts';
import { type T1Block, T1BlockReader } from '#protocol/framing/t1-block.ts';

/** Returns the block if `bytes` are exactly one valid block, otherwise undefined. */
export function decodeBlock(bytes: Uint8Array, edc: Edc): T1Block | undefined {
  const reader = new T1BlockReader(edc);
  reader.push(bytes);
  const block = reader.next();
  const isAll = reader.next() === undefined && !reader.isPending;
  return isAll && block !== 'damaged' ? block : undefined;
}
