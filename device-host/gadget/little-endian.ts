// Integers and text as USB writes them: little-endian. Knows no descriptor.
import type { Bytes } from '#protocol/bytes/bytes.ts';

export const le16 = (value: number): [number, number] => [value & 0xff, value >> 8];

export const le32 = (value: number): [number, number, number, number] => [
  value & 0xff,
  (value >>> 8) & 0xff,
  (value >>> 16) & 0xff,
  value >>> 24,
];

/** UTF-16LE, without an end. */
export function utf16le(text: string): Bytes {
  return Uint8Array.from(Array.from({ length: text.length }, (_, i) => le16(text.charCodeAt(i))).flat());
}
