// The likely representations of bytes in a program's memory: raw, and as hexadecimal or base64 text
// with one or two bytes per character.
import type { Pattern } from './pattern-search.ts';

/** @param value at least 16 bytes, so that no spelling is found by chance */
export function spellings(name: string, value: Uint8Array): Pattern[] {
  const bytes = Buffer.from(value);
  const hex = bytes.toString('hex');
  const texts = [
    [`${name}, hex`, hex],
    [`${name}, HEX`, hex.toUpperCase()],
    ...[0, 1, 2].flatMap((offset) => [
      [`${name}, base64 at ${offset}`, inside(bytes, offset, 'base64')],
      [`${name}, base64url at ${offset}`, inside(bytes, offset, 'base64url')],
    ]),
  ] as const;
  return [
    { name: `${name}, bytes`, bytes },
    ...texts.flatMap(([label = name, text = '']) => [
      { name: label, bytes: Buffer.from(text, 'latin1') },
      { name: `${label}, UTF-16`, bytes: Buffer.from(text, 'utf16le') },
    ]),
  ];
}

/**
 * Returns the base64 characters that depend on `bytes` alone when the bytes are part of a longer
 * value. `offset` is the position of the bytes in the longer value, modulo 3.
 */
function inside(bytes: Buffer, offset: number, encoding: 'base64' | 'base64url'): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString(encoding)
    .replace(/=+$/, '');
  const first = Math.ceil((offset * 8) / 6);
  const last = Math.floor(((offset + bytes.length) * 8) / 6);
  return text.slice(first, last);
}
