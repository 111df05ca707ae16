// Hexadecimal text (ISO/IEC 7816-4 writes octets so), upper case as the standards print it.
import type { Bytes } from './bytes.ts';

/** Two upper-case digits per octet, no separators. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text.toUpperCase();
}

/** A non-negative integer in upper-case hexadecimal, padded with zeros on the left to at least `digits` digits. */
export function hexNumber(value: number | bigint, digits = 1): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}

/**
 * Reads digits of either case; blanks between octets are allowed, so that a transcript line can be read as it stands.
 * @throws SyntaxError when a character is no digit or the last octet is incomplete.
 */
export function fromHex(text: string): Bytes {
  const digits = text.replaceAll(/\s+/g, '');
  if (!/^[0-9A-Fa-f]*$/.test(digits)) throw new SyntaxError('not hexadecimal: only 0-9, A-F and blanks are allowed');
  if (digits.length % 2 !== 0) throw new SyntaxError('not hexadecimal: the last octet has one digit only');
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}
