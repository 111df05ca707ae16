// Encodes little-endian integers and UTF-16LE text for USB descriptors.
import type { Bytes } from '#protocol/bytes/bytes.ts';

/** Encodes a 16-bit integer. */
export const le16 = (value: number): [number, number] => [value & 0xff, value >> 8];

/** Encodes a 32-bit integer. */
export const le32 = (value: number): [number, number, number, number] => [
  value & 0xff,
  (value >>> 8) & 0xff,
  (value >>> 16) & 0xff,
  value >>> 24,
];

/** Encodes UTF-16LE without a terminator. */
export function utf16le(text: string): Bytes {
  return Uint8Array.from(Array.from({ length: text.length }, (_, i) => le16(text.charCodeAt(i))).flat());
}
