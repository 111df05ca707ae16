// Text as bytes: ASCII, UTF-8 (RFC 3629) and unpadded base64url (RFC 4648 clause 5).
// Uses ECMAScript alone: the types of protocol/ include neither the DOM nor Node.
import type { Bytes } from './bytes.ts';
import { hexNumber } from './hex.ts';

/** Returns one byte per character. @throws RangeError for a character above 7F */
export function ascii(text: string): Bytes {
  return Uint8Array.from(text, (character) => {
    const code = character.charCodeAt(0);
    if (code > 0x7f) throw new RangeError(`"${character}" is not an ASCII character`);
    return code;
  });
}

/** Returns one character per byte. The caller has checked that the bytes are ASCII. */
export function fromAscii(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** @throws SyntaxError for a lone surrogate */
export function utf8(text: string): Bytes {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > MAX_ASCII) return utf8ByUri(text);
    bytes[i] = code;
  }
  return bytes;
}

const MAX_ASCII = 0x7f;

function utf8ByUri(text: string): Bytes {
  const escaped = withoutUriError(() => encodeURIComponent(text));
  const bytes: number[] = [];
  for (let i = 0; i < escaped.length; i++) {
    const isEscape = escaped[i] === '%';
    bytes.push(isEscape ? Number.parseInt(escaped.slice(i + 1, i + 3), 16) : escaped.charCodeAt(i));
    if (isEscape) i += 2;
  }
  return Uint8Array.from(bytes);
}

/** @throws SyntaxError when the bytes are not UTF-8 */
export function fromUtf8(bytes: Uint8Array): string {
  if (bytes.every((byte) => byte <= MAX_ASCII)) return fromAscii(bytes);
  let escaped = '';
  for (const byte of bytes) escaped += `%${hexNumber(byte, 2)}`;
  return withoutUriError(() => decodeURIComponent(escaped));
}

/**
 * Runs encodeURIComponent or decodeURIComponent, the only UTF-8 codec in ECMAScript. Converts a
 * URIError to a SyntaxError.
 */
function withoutUriError(action: () => string): string {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof URIError) throw new SyntaxError('not UTF-8');
    throw cause;
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** Position in ALPHABET by character code. */
const DIGITS = new Map(Array.from(ALPHABET, (character, digit) => [character.charCodeAt(0), digit]));

/** Returns unpadded, canonical base64url. */
export function toBase64url(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const digits = Math.min(bytes.length - i, 3) + 1;
    for (let d = 0; d < digits; d++) text += ALPHABET.charAt((group >> (18 - 6 * d)) & 63);
  }
  return text;
}

/**
 * Accepts exactly the text that toBase64url() returns, so that texts can be compared instead of
 * bytes.
 * @throws SyntaxError when a character, the length or an unused bit is not canonical
 */
export function fromBase64url(text: string): Bytes {
  if (text.length % 4 === 1) throw new SyntaxError('not base64url: the length is impossible');
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let pending = 0;
  let written = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = DIGITS.get(text.charCodeAt(i));
    if (digit === undefined) throw new SyntaxError(`not base64url: "${text.charAt(i)}" is not in the alphabet`);
    pending = (pending << 6) | digit;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[written++] = pending >> bits;
      pending &= (1 << bits) - 1;
    }
  }
  if (pending !== 0) throw new SyntaxError('not base64url: the unused bits must be zero');
  return bytes;
}
