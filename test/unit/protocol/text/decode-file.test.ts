// The reader of text files: encodings, byte order marks, and files that are not text.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileError } from '#protocol/errors.ts';
import { isCutShort } from '#protocol/text/cut-short.ts';
import { decodeFile } from '#protocol/text/decode-file.ts';

const TEXT = 'SN;Größe\r\n1;kühl 🔑 密\r\n';
const utf8 = (text: string) => Buffer.from(text, 'utf8');
const utf16le = (text: string) => Buffer.from(text, 'utf16le');
const utf16be = (text: string) => Buffer.from(utf16le(text)).swap16();

function refusalOf(bytes: Uint8Array): FileError {
  try {
    decodeFile(bytes);
  } catch (cause) {
    if (cause instanceof FileError) return cause;
    throw cause;
  }
  throw new TypeError('the file was accepted');
}

describe('a text file', () => {
  it.each<[string, Uint8Array]>([
    ['UTF-8', utf8(TEXT)],
    ['UTF-8 with a byte order mark', utf8(`\ufeff${TEXT}`)],
    ['UTF-16 little-endian with a byte order mark', utf16le(`\ufeff${TEXT}`)],
    ['UTF-16 big-endian with a byte order mark', utf16be(`\ufeff${TEXT}`)],
    ['UTF-16 little-endian', utf16le(TEXT)],
    ['UTF-16 big-endian', utf16be(TEXT)],
  ])('is read from %s', (_what, bytes) => {
    expect(decodeFile(bytes)).toBe(TEXT);
  });

  it('is read as TextDecoder reads it, and refused where TextDecoder refuses', () => {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (bytes) => {
        // Leaves out NUL, the magic numbers and the byte order marks, which have their own tests.
        const content = Uint8Array.from([0x53, ...bytes.map((byte) => byte || 1)]);
        let expected: string | undefined;
        try {
          expected = decoder.decode(content);
        } catch {
          expected = undefined;
        }
        if (expected === undefined) expect(() => decodeFile(content)).toThrow(FileError);
        else expect(decodeFile(content)).toBe(expected);
      }),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
        if (text.includes('\0')) return;
        expect(decodeFile(utf8(`SN${text}`))).toBe(`SN${text}`);
        expect(decodeFile(utf16le(`SN${text}`))).toBe(`SN${text}`);
      }),
    );
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['empty', Uint8Array.of(), /^This file is empty\./],
    [
      'in windows-1252',
      Buffer.from('SN;REASON\r\n1;in Köln\r\n', 'latin1'),
      /^This file is not UTF-8\. In the spreadsheet, save the file as CSV UTF-8\.$/,
    ],
    ['in Shift JIS', Buffer.from([0x53, 0x4e, 0x0a, 0x8c, 0xae]), /^This file is not UTF-8\./],
    ['an .xlsx or .ods', Buffer.from('PK\u0003\u0004....', 'latin1'), /^This file is a spreadsheet or a ZIP archive/],
    ['an .xls', Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1]), /^This file is an old spreadsheet/],
    ['a PDF', Buffer.from('%PDF-1.7'), /^This file is a PDF\./],
    ['RTF', Buffer.from('{\\rtf1 SN}'), /^This file is a formatted document\./],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0]), /^This file is compressed\. Unpack this file/],
    ['a picture', Buffer.from([0x89, 0x50, 0x4e, 0x47]), /^This file is a picture/],
    ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x53, 0, 0, 0]), /^This file is UTF-32\./],
    ['a web page', Buffer.from('\n<!DOCTYPE html><title>Sign in</title>'), /^This file is a web page\./],
    ['XML', Buffer.from('<?xml version="1.0"?><Workbook/>'), /^This file is XML/],
    [
      'cut inside a character',
      utf8('SN ü').subarray(0, -1),
      /^This file is cut short\. Copy or download the file again\.$/,
    ],
    ['cut inside a code unit', utf16le('\ufeffSN').subarray(0, -1), /^This file is cut short\./],
    ['cut inside a pair of UTF-16', utf16le('SN🔑').subarray(0, -2), /^This file is cut short\./],
    ['UTF-16 with half a pair', utf16le('SN\udc00x'), /^This file is not text, or it is damaged\./],
    ['zeroed', Buffer.concat([utf8('SN\n1\n'), Buffer.alloc(64)]), /^This file is not text, or it is damaged\./],
    ['all zero', Buffer.alloc(64), /^This file is not text, or it is damaged\./],
    ['an overlong form', Buffer.from([0x53, 0xc0, 0xaf]), /^This file is not UTF-8\./],
    ['a surrogate in UTF-8', Buffer.from([0x53, 0xed, 0xa0, 0x80]), /^This file is not UTF-8\./],
  ])('is refused when it is %s', (_what, bytes, words) => {
    const refusal = refusalOf(bytes);
    expect(refusal.message).toMatch(words);
    expect(refusal).toMatchObject({ code: 'file-refused' });
    for (const sentence of [refusal.title, refusal.remedy]) expect(sentence.split(' ').length).toBeLessThanOrEqual(15);
  });

  it.each<[string, readonly number[], RegExp]>([
    ['a ZIP archive', [0x50, 0x4b, 0x03, 0x04], /spreadsheet or a ZIP archive/],
    ['an empty ZIP archive', [0x50, 0x4b, 0x05, 0x06], /empty ZIP archive/],
    ['a compound file', [0xd0, 0xcf, 0x11, 0xe0], /old spreadsheet/],
    ['a PDF', [0x25, 0x50, 0x44, 0x46], /PDF/],
    ['RTF', [0x7b, 0x5c, 0x72, 0x74, 0x66], /formatted document/],
    ['gzip', [0x1f, 0x8b], /compressed/],
    ['7z', [0x37, 0x7a, 0xbc, 0xaf], /7z archive/],
    ['RAR', [0x52, 0x61, 0x72, 0x21], /RAR archive/],
    ['PNG', [0x89, 0x50, 0x4e, 0x47], /picture/],
    ['JPEG', [0xff, 0xd8, 0xff], /picture/],
    ['UTF-32, little-endian', [0xff, 0xfe, 0x00, 0x00], /UTF-32/],
    ['UTF-32, big-endian', [0x00, 0x00, 0xfe, 0xff], /UTF-32/],
  ])('is recognized as %s by all of its first bytes', (_what, begin, words) => {
    const rest = [0xc0, 0xc0]; // neither UTF-8 nor half a pair of UTF-16
    expect(refusalOf(Uint8Array.from([...begin, ...rest])).title).toMatch(words);
    expect(refusalOf(Uint8Array.from(begin)).title).toMatch(words);
    for (const at of begin.keys()) {
      const other = begin.map((byte, index) => (index === at ? byte ^ 0x20 : byte));
      try {
        decodeFile(Uint8Array.from([...other, ...rest]));
      } catch (cause) {
        expect((cause as FileError).title).not.toMatch(words);
      }
    }
  });

  it.each([
    ['<html>', 'a web page'],
    [' \r\n<HTML lang="en">', 'a web page'],
    ['<!doctype  html>', 'a web page'],
    ['<?XML version="1.0"?>', 'XML'],
    ['\t<?xml version="1.0"?>', 'XML'],
  ])('is refused when it begins with %j', (begin, kind) => {
    expect(refusalOf(utf8(begin)).title).toContain(kind);
  });

  it.each(['<htmlx>', '<!doctypehtml>', 'SN <html>', 'SN <?xml ?>', '<?xmlx ?>', `${' '.repeat(200)}<html>`])(
    'is read when it begins with %j, which is not a web page and not XML',
    (text) => {
      expect(decodeFile(utf8(text))).toBe(text);
    },
  );

  it('is refused as damaged when it contains a zero, and not as UTF-16', () => {
    for (const bytes of [[0x53, 0x4e, 0], [0], [0, 0, 0x53, 0x4e], [0x53, 0, 0x4e, 0, 0, 0]])
      expect(refusalOf(Uint8Array.from(bytes)).title).toBe('This file is not text, or it is damaged.');
  });

  it('is read as UTF-16 if only one of its first two bytes is zero', () => {
    expect(decodeFile(Uint8Array.of(0, 1))).toBe('\u0001');
    expect(decodeFile(Uint8Array.of(1, 0))).toBe('\u0001');
  });

  it('is read whole when it has as many characters as one part of the text, and one more', () => {
    for (const length of [4094, 4095, 4096, 4097, 8192, 300_000]) {
      const text = `S${'ü'.repeat(length - 2)}🔑`;
      for (const bytes of [utf8(text), utf16le(text), utf16be(text)]) expect(decodeFile(bytes)).toBe(text);
    }
  });

  it('is read with the first and the last character of each length, and refused with one between them', () => {
    for (const code of [0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff]) {
      const text = `S${String.fromCodePoint(code)}`;
      for (const bytes of [utf8(text), utf16le(text), utf16be(text)]) expect(decodeFile(bytes)).toBe(text);
    }
    for (const wrong of [
      [0xc1, 0xbf],
      [0xe0, 0x9f, 0xbf],
      [0xed, 0xa0, 0x80],
      [0xed, 0xbf, 0xbf],
      [0xf0, 0x8f, 0xbf, 0xbf],
      [0xf4, 0x90, 0x80, 0x80],
      [0xf8, 0x88, 0x80, 0x80, 0x80],
      [0x80],
      [0xc3, 0x28],
      [0xc3, 0xc3],
    ])
      expect(refusalOf(Uint8Array.from([0x53, ...wrong])).title).toBe('This file is not UTF-8.');
    for (const units of [[0xdc00], [0xdfff], [0xd800, 0x53], [0xd800, 0xd800, 0xdc00]])
      expect(refusalOf(utf16le(String.fromCharCode(0x53, ...units))).title).toMatch(/damaged/);
    expect(refusalOf(utf16le('S\udbff')).title).toBe('This file is cut short.');
  });

  it('detects JSON whose end is missing', () => {
    expect(['{"a":1', '[1,', ' {"a":[1]', '{'].map(isCutShort)).toEqual([true, true, true, true]);
    expect(['{"a":1}\r\n', '[1]', '', 'SN\n1', '"a'].map(isCutShort)).toEqual([false, false, false, false, false]);
  });
});
