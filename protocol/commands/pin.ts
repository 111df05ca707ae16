// The PIN block of an AS card (docs/protocol.md clause 4.9): ASCII digits, padded with FF to 12
// bytes. A PIN is always a byte array, because a string cannot be wiped.
import { type Bytes, wipe } from '../bytes/bytes.ts';

export const PIN_BLOCK_LENGTH = 12;
const MIN_PIN_DIGITS = 4;

/** The status word for a wrong PIN is 63CX, where X is the number of tries left. */
const TRIES_LEFT = 0x63c0;

/** True iff `digits` are 4 to 12 ASCII digits. */
export function isPin(digits: Uint8Array): boolean {
  return (
    digits.length >= MIN_PIN_DIGITS &&
    digits.length <= PIN_BLOCK_LENGTH &&
    digits.every((byte) => byte >= 0x30 && byte <= 0x39)
  );
}

/**
 * Returns one block of 12 bytes per PIN, in the given sequence. The caller wipes them.
 * @throws RangeError for an invalid PIN
 */
export function encodePinBlocks(...pins: readonly Uint8Array[]): Bytes {
  const blocks = new Uint8Array(pins.length * PIN_BLOCK_LENGTH).fill(0xff);
  pins.forEach((digits, index) => {
    if (!isPin(digits)) {
      wipe(blocks);
      throw new RangeError('a PIN has 4 to 12 ASCII digits');
    }
    blocks.set(digits, index * PIN_BLOCK_LENGTH);
  });
  return blocks;
}

/** Returns X of status word 63CX; undefined for any other status word. */
export function triesLeft(sw: number): number | undefined {
  return (sw & 0xfff0) === TRIES_LEFT ? sw & 0x0f : undefined;
}
