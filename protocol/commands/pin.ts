// A PIN as a card takes it (docs/protocol.md clause 4): ASCII digits, padded with FF to 12 bytes. Octets only: a text could not be wiped.
import { type Bytes, wipe } from '../bytes/bytes.ts';

export const PIN_BLOCK_LENGTH = 12;
export const MIN_PIN_DIGITS = 4;

/** The status word of a PIN that was wrong is 63Cx; x tries are left. */
const TRIES_LEFT = 0x63c0;

/** True iff these are 4 to 12 ASCII digits. */
export function isPin(digits: Uint8Array): boolean {
  return (
    digits.length >= MIN_PIN_DIGITS &&
    digits.length <= PIN_BLOCK_LENGTH &&
    digits.every((octet) => octet >= 0x30 && octet <= 0x39)
  );
}

/** 12 bytes for each PIN, one after the other. The caller wipes them. @throws RangeError when one is no PIN */
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

/** x of 63Cx, or undefined for another status word. */
export function triesLeft(sw: number): number | undefined {
  return (sw & 0xfff0) === TRIES_LEFT ? sw & 0x0f : undefined;
}
