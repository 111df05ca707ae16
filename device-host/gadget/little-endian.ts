// Little-endian integers and UTF-16LE text, as USB descriptors have them.
import type { Bytes } from '#protocol/bytes/bytes.ts';

/** 16 bits, little-endian. */
export const le16 = (value: number): [number, number] => [value & 0xff, value >> 8];

/** 32 bits, little-endian. */
export const le32 = (value: number): [number, number, number, number] => [
  value & 0xff,
  (value >>> 8) & 0xff,
  (value >>> 16) & 0xff,
  value >>> 24,
];

/** UTF-16LE without a terminator. */
export function utf16le(text: string): Bytes {
  return Uint8Array.from(Array.from({ length: text.length }, (_, i) => le16(text.charCodeAt(i))).flat());
}
