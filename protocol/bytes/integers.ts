// Unsigned big-endian integers, the encoding of every field of TKL/1 and ISO/IEC 7816-4.
import type { Bytes } from './bytes.ts';

function encode(value: number, length: 1 | 2 | 4): Bytes {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * length)) {
    throw new RangeError(`${value} does not fit into an unsigned integer of length ${length}`);
  }
  const bytes = new Uint8Array(length);
  for (let i = length - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
  return bytes;
}

/** Encodes 1 byte. @throws RangeError for a value that does not fit */
export const u8 = (value: number): Bytes => encode(value, 1);
/** Encodes 2 bytes. @throws RangeError for a value that does not fit */
export const u16 = (value: number): Bytes => encode(value, 2);
/** Encodes 4 bytes. @throws RangeError for a value that does not fit */
export const u32 = (value: number): Bytes => encode(value, 4);

function decode(bytes: Uint8Array, offset: number, length: number): number {
  if (offset < 0 || offset + length > bytes.length) {
    throw new RangeError(`no integer of length ${length} at offset ${offset} of ${bytes.length}`);
  }
  let value = 0;
  for (let i = offset; i < offset + length; i++) value = value * 256 + (bytes[i] ?? 0);
  return value;
}

/** Reads the byte at `offset`. @throws RangeError beyond the end */
export const readU8 = (bytes: Uint8Array, offset: number): number => decode(bytes, offset, 1);
/** Reads the 2 bytes at `offset`. @throws RangeError beyond the end */
export const readU16 = (bytes: Uint8Array, offset: number): number => decode(bytes, offset, 2);
/** Reads the 4 bytes at `offset`. @throws RangeError beyond the end */
export const readU32 = (bytes: Uint8Array, offset: number): number => decode(bytes, offset, 4);
