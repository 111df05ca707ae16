// Every way in which a program is likely to hold octets: as they are, and as hexadecimal or base64 text of one or two octets per
// character. Pure.
import type { Pattern } from './pattern-search.ts';

/** @param octets 16 or more, so that no spelling is found by chance */
export function spellings(name: string, octets: Uint8Array): Pattern[] {
  const bytes = Buffer.from(octets);
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
    { name: `${name}, octets`, octets: bytes },
    ...texts.flatMap(([label = name, text = '']) => [
      { name: label, octets: Buffer.from(text, 'latin1') },
      { name: `${label}, UTF-16`, octets: Buffer.from(text, 'utf16le') },
    ]),
  ];
}

/** The characters that the octets alone decide, where they stand `offset` octets after a multiple of three in a longer text. */
function inside(bytes: Buffer, offset: number, encoding: 'base64' | 'base64url'): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString(encoding)
    .replace(/=+$/, '');
  const first = Math.ceil((offset * 8) / 6);
  const last = Math.floor(((offset + bytes.length) * 8) / 6);
  return text.slice(first, last);
}
