// Text as octets: ASCII, UTF-8 (RFC 3629), and unpadded base64url (RFC 4648 clause 5) for JSON. Pure ECMAScript, so that protocol needs no platform.
import type { Bytes } from './bytes.ts';

/** @throws RangeError when a character is beyond 7F. */
export function ascii(text: string): Bytes {
  return Uint8Array.from(text, (character) => {
    const code = character.charCodeAt(0);
    if (code > 0x7f) throw new RangeError(`"${character}" is not an ASCII character`);
    return code;
  });
}

/** One character per octet; only for octets already known to be ASCII. */
export function fromAscii(bytes: Uint8Array): string {
  let text = '';
  for (const octet of bytes) text += String.fromCharCode(octet);
  return text;
}

/** @throws SyntaxError when a surrogate stands alone */
export function utf8(text: string): Bytes {
  const octets = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > LAST_ASCII) return utf8ByUri(text);
    octets[i] = code;
  }
  return octets;
}

const LAST_ASCII = 0x7f;

function utf8ByUri(text: string): Bytes {
  const escaped = withoutUriError(() => encodeURIComponent(text));
  const octets: number[] = [];
  for (let i = 0; i < escaped.length; i++) {
    const isEscape = escaped[i] === '%';
    octets.push(isEscape ? Number.parseInt(escaped.slice(i + 1, i + 3), 16) : escaped.charCodeAt(i));
    if (isEscape) i += 2;
  }
  return Uint8Array.from(octets);
}

/** @throws SyntaxError when the octets are not UTF-8 */
export function fromUtf8(bytes: Uint8Array): string {
  if (bytes.every((octet) => octet <= LAST_ASCII)) return fromAscii(bytes);
  let escaped = '';
  for (const octet of bytes) escaped += `%${octet.toString(16).padStart(2, '0')}`;
  return withoutUriError(() => decodeURIComponent(escaped));
}

/** The two URI functions are the only UTF-8 that ECMAScript itself has. */
function withoutUriError(action: () => string): string {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof URIError) throw new SyntaxError('not UTF-8');
    throw cause;
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** By character code: its place in the alphabet. */
const DIGITS = new Map(Array.from(ALPHABET, (character, digit) => [character.charCodeAt(0), digit]));

/** Unpadded. */
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
 * Unpadded and canonical: one text for one octet string, so that a text can be compared instead of its octets.
 * @throws SyntaxError when a character, the length or a trailing bit is not canonical.
 */
export function fromBase64url(text: string): Bytes {
  if (text.length % 4 === 1) throw new SyntaxError('not base64url: a text of this length does not exist');
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let written = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = DIGITS.get(text.charCodeAt(i));
    if (digit === undefined) throw new SyntaxError(`not base64url: "${text.charAt(i)}" is not in its alphabet`);
    held = (held << 6) | digit;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[written++] = held >> bits;
      held &= (1 << bits) - 1;
    }
  }
  if (held !== 0) throw new SyntaxError('not base64url: the unused last bits must be zero');
  return bytes;
}
