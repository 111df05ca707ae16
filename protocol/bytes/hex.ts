// Hexadecimal text in upper case, as ISO/IEC 7816-4 prints it.
import type { Bytes } from './bytes.ts';

/** Returns two upper-case digits per byte, without separators. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text.toUpperCase();
}

/**
 * Returns a non-negative integer in upper-case hexadecimal, padded with zeros to at least `digits`
 * digits.
 */
export function hexNumber(value: number | bigint, digits = 1): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}

/**
 * Reads digits of either case. White space is ignored, so that a line of a transcript can be
 * pasted.
 * @throws SyntaxError for a character that is not a digit, and for an odd number of digits
 */
export function fromHex(text: string): Bytes {
  const digits = text.replaceAll(/\s+/g, '');
  if (!/^[0-9A-Fa-f]*$/.test(digits))
    throw new SyntaxError('not hexadecimal: only 0-9, A-F and white space are allowed');
  if (digits.length % 2 !== 0) throw new SyntaxError('not hexadecimal: the last byte has only one digit');
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}
