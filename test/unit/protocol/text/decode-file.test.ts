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
      /^This file is not UTF-8\. In the spreadsheet, save it as CSV UTF-8\.$/,
    ],
    ['in Shift JIS', Buffer.from([0x53, 0x4e, 0x0a, 0x8c, 0xae]), /^This file is not UTF-8\./],
    ['an .xlsx or .ods', Buffer.from('PK\u0003\u0004....', 'latin1'), /^This file is a spreadsheet or a ZIP archive/],
    ['an .xls', Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1]), /^This file is an old spreadsheet/],
    ['a PDF', Buffer.from('%PDF-1.7'), /^This file is a PDF\./],
    ['RTF', Buffer.from('{\\rtf1 SN}'), /^This file is a formatted document\./],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0]), /^This file is compressed\. Unpack it/],
    ['a picture', Buffer.from([0x89, 0x50, 0x4e, 0x47]), /^This file is a picture/],
    ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x53, 0, 0, 0]), /^This file is UTF-32\./],
    ['a web page', Buffer.from('\n<!DOCTYPE html><title>Sign in</title>'), /^This file is a web page\./],
    ['XML', Buffer.from('<?xml version="1.0"?><Workbook/>'), /^This file is XML/],
    ['cut inside a character', utf8('SN ü').subarray(0, -1), /^This file is cut short\. Copy or download it again\.$/],
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

  it('detects JSON whose end is missing', () => {
    expect(['{"a":1', '[1,', ' {"a":[1]', '{'].map(isCutShort)).toEqual([true, true, true, true]);
    expect(['{"a":1}\r\n', '[1]', '', 'SN\n1', '"a'].map(isCutShort)).toEqual([false, false, false, false, false]);
  });
});
