// Reads codes, keys and numbers that mail programs, spreadsheets or keyboards have changed.
import { describe, expect, it } from 'vitest';
import { readCrockford, readTyped, readTypedHex } from '#protocol/text/typed-code.ts';

const CODE = 'KF-00111-ABCDE-00000-11111-ZZZZZ-99999';
const READ = CODE.replaceAll('-', '');

describe('a code', () => {
  it.each([
    ['every dash', CODE.replaceAll('-', '\u2011')],
    ['an en dash, a minus and a full-width dash', 'KF–00111−ABCDE-00000—11111-ZZZZZ‐99999'],
    ['lower case and look-alikes', 'kf-OOllI-abcde-ooooo-iiiii-zzzzz-99999'],
    ['blanks of any kind', CODE.replaceAll('-', '\u00a0\u2009')],
    ['line breaks', `${CODE.slice(0, 15)}\r\n${CODE.slice(15)}\n`],
    ['a quoted reply', `> ${CODE.slice(0, 15)}\n> ${CODE.slice(15)}`],
    ['quotes of any kind', `“${CODE}”`],
    ['a formula of a spreadsheet', `="${CODE}"`],
    ['an apostrophe of a spreadsheet', `'${CODE}`],
    ['brackets and a full stop', `<${CODE}>.`],
    ['invisible characters', `\ufeff${CODE.split('').join('\u200b')}\u00ad`],
    ['direction marks', `\u202a${CODE}\u202c`],
    ['full-width characters', CODE.replaceAll(/[!-~]/g, (each) => String.fromCharCode(each.charCodeAt(0) + 0xfee0))],
    ['digits of another script', CODE.replaceAll('1', '١').replaceAll('9', '९').replaceAll('0', '۰')],
  ])('is read with %s', (_what, typed) => {
    expect(readCrockford(typed)).toBe(READ);
  });

  it('keeps letters that a code does not contain', () => {
    expect(readCrockford('КF-00111')).toBe('КF00111');
  });
});

describe('a key in hex', () => {
  it.each([
    '00112233AABBCCDD',
    '\ufeff00112233aabbccdd\r\n',
    '0x00, 0x11, 0x22, 0x33, 0xAA, 0xBB, 0xCC, 0xDD',
    '00:11:22:33:AA:BB:CC:DD',
    '"00112233 AABBCCDD"',
    '00‑11‑22‑33‑AA‑BB‑CC‑DD',
    '００１１２２３３ＡＡＢＢＣＣＤＤ',
    '\u200e00 11 22 33 aa bb cc dd',
  ])('is read: %j', (typed) => {
    expect(readTypedHex(typed).toUpperCase()).toBe('00112233AABBCCDD');
  });

  it('stays invalid if it is', () => {
    expect(readTypedHex('0011zz')).toBe('0011zz');
    expect(readTypedHex('not a key')).toBe('notakey');
  });
});

describe('a number', () => {
  it('has Latin digits, whatever the script', () => {
    for (const zero of [0x660, 0x6f0, 0x966, 0xe50, 0xff10, 0x1d7ce, 0x1e950]) {
      const digits = Array.from({ length: 10 }, (_, digit) => String.fromCodePoint(zero + digit)).join('');
      expect(readTyped(digits)).toBe('0123456789');
    }
  });
});
