// The error detection code of a T=1 block (ISO/IEC 7816-3 clause 11.4.4): CRC-16 of ISO/IEC 13239,
// or LRC if the device profile says so.

export type Edc = 'crc' | 'lrc';

export const EDC_LENGTH: Readonly<Record<Edc, number>> = { crc: 2, lrc: 1 };

const REFLECTED_POLYNOMIAL = 0x8408;

/** Number of bytes that one step of crc16() takes. */
const STEP = 4;

/**
 * For k from 0 to 3, entry 256 k + b is the remainder of the byte b followed by k bytes 00. With
 * these, a step takes four bytes whose look-ups do not wait for each other.
 */
const CRC_TABLE = new Uint16Array(256 * STEP);
for (let i = 0; i < CRC_TABLE.length; i++) {
  // The first 256 entries take a byte, each later one a byte 00 after the entry 256 places before.
  let remainder = i < 256 ? i : (CRC_TABLE[i - 256] ?? 0);
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >> 1) ^ (remainder & 1 ? REFLECTED_POLYNOMIAL : 0);
  CRC_TABLE[i] = remainder;
}

/**
 * Computes CRC-16 of ISO/IEC 13239 over bytes from..to: initial value FFFF, reflected, final XOR
 * FFFF. Check value: 906E for "123456789".
 */
export function crc16(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let remainder = 0xffff;
  let i = from;
  for (; i + STEP <= to; i += STEP) {
    remainder ^= (bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8);
    remainder =
      (CRC_TABLE[0x300 | (remainder & 0xff)] ?? 0) ^
      (CRC_TABLE[0x200 | (remainder >> 8)] ?? 0) ^
      (CRC_TABLE[0x100 | (bytes[i + 2] ?? 0)] ?? 0) ^
      (CRC_TABLE[bytes[i + 3] ?? 0] ?? 0);
  }
  for (; i < to; i++) remainder = (remainder >> 8) ^ (CRC_TABLE[(remainder ^ (bytes[i] ?? 0)) & 0xff] ?? 0);
  return remainder ^ 0xffff;
}

/** Computes the XOR of the bytes from..to. */
export function lrc(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum ^= bytes[i] ?? 0;
  return sum;
}

/** Computes the EDC as a number of EDC_LENGTH bytes. The more significant byte is sent first. */
export function computeEdc(edc: Edc, bytes: Uint8Array, from = 0, to = bytes.length): number {
  return edc === 'crc' ? crc16(bytes, from, to) : lrc(bytes, from, to);
}
