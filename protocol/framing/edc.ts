// The error detection code that ends a T=1 block (ISO/IEC 7816-3 clause 11.4.4): CRC-16 of ISO/IEC 13239, or LRC by device profile.

export type Edc = 'crc' | 'lrc';

export const EDC_LENGTH: Readonly<Record<Edc, number>> = { crc: 2, lrc: 1 };

const REFLECTED_POLYNOMIAL = 0x8408;

const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, octet) => {
  let remainder = octet;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >> 1) ^ (remainder & 1 ? REFLECTED_POLYNOMIAL : 0);
  return remainder;
});

/** CRC-16 of ISO/IEC 13239: start FFFF, reflected, final XOR FFFF; "123456789" gives 906E. */
export function crc16(bytes: Uint8Array): number {
  let remainder = 0xffff;
  for (const octet of bytes) remainder = (remainder >> 8) ^ (CRC_TABLE[(remainder ^ octet) & 0xff] ?? 0);
  return remainder ^ 0xffff;
}

/** XOR of all octets. */
export function lrc(bytes: Uint8Array): number {
  let sum = 0;
  for (const octet of bytes) sum ^= octet;
  return sum;
}

/** As a number of EDC_LENGTH octets, the more significant one first on the line. */
export function computeEdc(edc: Edc, bytes: Uint8Array): number {
  return edc === 'crc' ? crc16(bytes) : lrc(bytes);
}
