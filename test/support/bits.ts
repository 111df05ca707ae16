// Bit errors for negative and property tests.
import { type Bytes, copy } from '#protocol/bytes/bytes.ts';

/** Returns a copy with one bit inverted. Bit 0 is the highest bit of the first byte. */
export function flipBit(bytes: Uint8Array, bit: number): Bytes {
  const flipped = copy(bytes);
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
  return flipped;
}
