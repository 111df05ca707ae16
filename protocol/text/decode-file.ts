// Decodes the bytes of a text file, for every list, key, vault and report that a person opens.
// Reads UTF-8 and UTF-16, with or without a byte order mark. Refuses every other file with the
// reason and the remedy. Uses ECMAScript alone.
import { FileError } from '../errors.ts';
import { COPY_AGAIN, cutShort } from './cut-short.ts';
import { t } from './message.ts';

const SAVE_AS_CSV = t`In the spreadsheet, save the file as CSV UTF-8`;
const UNPACK = t`Unpack this file, and choose the file inside`;

/** The first bytes of files that are opened by mistake. */
const KINDS: readonly (readonly [begin: readonly number[], title: string, remedy: string])[] = [
  [[0x50, 0x4b, 3, 4], t`This file is a spreadsheet or a ZIP archive, not text.`, SAVE_AS_CSV],
  [[0x50, 0x4b, 5, 6], t`This file is an empty ZIP archive.`, t`Choose another file`],
  [[0xd0, 0xcf, 0x11, 0xe0], t`This file is an old spreadsheet or document, not text.`, SAVE_AS_CSV],
  [[0x25, 0x50, 0x44, 0x46], t`This file is a PDF.`, t`Ask the author for the file as plain text`],
  [[0x7b, 0x5c, 0x72, 0x74, 0x66], t`This file is a formatted document.`, t`Save the file as plain text in UTF-8`],
  [[0x1f, 0x8b], t`This file is compressed.`, UNPACK],
  [[0x37, 0x7a, 0xbc, 0xaf], t`This file is a 7z archive.`, UNPACK],
  [[0x52, 0x61, 0x72, 0x21], t`This file is a RAR archive.`, UNPACK],
  [[0x89, 0x50, 0x4e, 0x47], t`This file is a picture, not text.`, t`Choose the text file`],
  [[0xff, 0xd8, 0xff], t`This file is a picture, not text.`, t`Choose the text file`],
  [[0xff, 0xfe, 0, 0], t`This file is UTF-32.`, t`Save the file as UTF-8`],
  [[0, 0, 0xfe, 0xff], t`This file is UTF-32.`, t`Save the file as UTF-8`],
];

/** A web page that a proxy or a sign-in form sent in place of the file. */
const WEB_PAGE = /^\s*<(?:!doctype\s+html|html)\b/i;
const XML = /^\s*<\?xml\b/i;

/** Returns the text of a file, without its byte order mark. @throws FileError */
export function decodeFile(bytes: Uint8Array): string {
  if (bytes.length === 0) throw new FileError(t`This file is empty.`, t`Choose another file, or save the file again`);
  for (const [begin, title, remedy] of KINDS) {
    if (begin.every((byte, index) => bytes[index] === byte)) throw new FileError(title, remedy);
  }
  const text = decode(bytes);
  const begin = text.slice(0, 200);
  if (WEB_PAGE.test(begin)) throw new FileError(t`This file is a web page.`, t`Download the file itself again`);
  if (XML.test(begin)) throw new FileError(t`This file is XML, not a list or a key.`, SAVE_AS_CSV);
  return text;
}

function decode(bytes: Uint8Array): string {
  const [first, second, third] = bytes;
  if (first === 0xef && second === 0xbb && third === 0xbf) return decodeUtf8(bytes, 3);
  if (first === 0xff && second === 0xfe) return decodeUtf16(bytes, 2, 1);
  if (first === 0xfe && second === 0xff) return decodeUtf16(bytes, 2, 0);
  // If there is no byte order mark, the first two bytes show whether the file is UTF-16, because
  // every file that the project reads begins with an ASCII character.
  if (second === 0 && first !== 0) return decodeUtf16(bytes, 0, 1);
  if (first === 0 && second !== undefined && second !== 0) return decodeUtf16(bytes, 0, 0);
  return decodeUtf8(bytes, 0);
}

/** Maximum number of code units per call of String.fromCharCode. */
const CHUNK = 4096;

/** Collects code units, and makes strings of at most CHUNK of them. */
class TextBuilder {
  readonly #parts: string[] = [];
  #units: number[] = [];

  add(codePoint: number): void {
    if (codePoint > 0xffff) {
      const rest = codePoint - 0x10000;
      this.#units.push(0xd800 + (rest >> 10), 0xdc00 + (rest & 0x3ff));
    } else {
      this.#units.push(codePoint);
    }
    if (this.#units.length >= CHUNK) this.#flush();
  }

  text(): string {
    this.#flush();
    return this.#parts.join('');
  }

  #flush(): void {
    this.#parts.push(String.fromCharCode(...this.#units));
    this.#units = [];
  }
}

function decodeUtf16(bytes: Uint8Array, begin: number, highByte: 0 | 1): string {
  if (bytes.length % 2 !== 0) throw cutShort();
  const builder = new TextBuilder();
  let high = 0;
  for (let at = begin; at < bytes.length; at += 2) {
    const unit = ((bytes[at + highByte] ?? 0) << 8) | (bytes[at + 1 - highByte] ?? 0);
    const isLow = (unit & 0xfc00) === 0xdc00;
    if (isLow !== (high !== 0) || unit === 0) throw damaged();
    if ((unit & 0xfc00) === 0xd800) {
      high = unit;
    } else {
      builder.add(isLow ? 0x10000 + ((high & 0x3ff) << 10) + (unit & 0x3ff) : unit);
      high = 0;
    }
  }
  if (high !== 0) throw cutShort();
  return builder.text();
}

/**
 * UTF-8 sequences by the upper bits of their first byte: the number of bytes that follow, and the
 * lowest code point that needs this many bytes.
 */
const SEQUENCES: readonly (readonly [mask: number, value: number, more: number, minimum: number])[] = [
  [0xe0, 0xc0, 1, 0x80],
  [0xf0, 0xe0, 2, 0x800],
  [0xf8, 0xf0, 3, 0x10000],
];

function decodeUtf8(bytes: Uint8Array, begin: number): string {
  const builder = new TextBuilder();
  for (let at = begin; at < bytes.length; ) {
    const first = bytes[at++] ?? 0;
    if (first === 0) throw damaged();
    if (first < 0x80) {
      builder.add(first);
      continue;
    }
    const sequence = SEQUENCES.find(([mask, value]) => (first & mask) === value);
    if (sequence === undefined) throw notUtf8();
    const [mask, , more, minimum] = sequence;
    let code = first & ~mask & 0xff;
    for (let index = 0; index < more; index++) {
      const next = bytes[at++];
      if (next === undefined) throw cutShort();
      if ((next & 0xc0) !== 0x80) throw notUtf8();
      code = (code << 6) | (next & 0x3f);
    }
    if (code < minimum || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw notUtf8();
    builder.add(code);
  }
  return builder.text();
}

function notUtf8(): FileError {
  return new FileError(t`This file is not UTF-8.`, SAVE_AS_CSV);
}

function damaged(): FileError {
  return new FileError(t`This file is not text, or it is damaged.`, COPY_AGAIN);
}
