// The error detection code of a T=1 block (ISO/IEC 7816-3 clause 11.4.4): CRC-16 of ISO/IEC 13239,
// or LRC if the device profile says so.

export type Edc = 'crc' | 'lrc';

export const EDC_LENGTH: Readonly<Record<Edc, number>> = { crc: 2, lrc: 1 };

const REFLECTED_POLYNOMIAL = 0x8408;

const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >> 1) ^ (remainder & 1 ? REFLECTED_POLYNOMIAL : 0);
  return remainder;
});

/**
 * Computes CRC-16 of ISO/IEC 13239 over bytes from..to: initial value FFFF, reflected, final XOR
 * FFFF. Check value: 906E for "123456789".
 */
export function crc16(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let remainder = 0xffff;
  for (let i = from; i < to; i++) {
    remainder = (remainder >> 8) ^ (CRC_TABLE[(remainder ^ (bytes[i] ?? 0)) & 0xff] ?? 0);
  }
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
