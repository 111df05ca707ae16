// Reads codes, keys and numbers that mail programs, spreadsheets or keyboards have changed.
import { describe, expect, it } from 'vitest';
import { plainSigns, readAccessCode, readCrockford, readTyped, readTypedHex } from '#protocol/text/typed-code.ts';

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

describe('a sign', () => {
  it('of any kind becomes the plain sign', () => {
    for (const dash of '-\u2010\u2011\u2012\u2013\u2014\u2015\u02D7\u2043\u207B\u208B\u2212\uFF0D') {
      expect(plainSigns(`a${dash}b`)).toBe('a-b');
    }
    for (const quote of '"\u00AB\u00BB\u201C\u201D\u201E\u201F\u2033\u301D\u301E\u301F') {
      expect(plainSigns(`a${quote}b`)).toBe('a"b');
    }
    for (const quote of "'`\u00B4\u2018\u2019\u201A\u201B\u2032\u2039\u203A") {
      expect(plainSigns(`a${quote}b`)).toBe("a'b");
    }
    for (const invisible of '\u00AD\u200B\u200E\u2060\uFEFF\u0600') expect(plainSigns(`a${invisible}b`)).toBe('ab');
    expect(plainSigns('a_b/c, é ü')).toBe('a_b/c, é ü');
  });
});

describe('a text in quotes', () => {
  it.each([
    ['"0045"', '0045'],
    ["'0045'", '0045'],
    ['="0045"', '0045'],
    ['"0045', '"0045'],
    ['0045"', '0045"'],
    ['="00"45"', '="00"45"'],
    ['x"0045"', 'x"0045"'],
    ['"0045"x', '"0045"x'],
    ['""', ''],
  ])('is read without them only if they enclose it: %j', (typed, text) => {
    expect(readTyped(typed)).toBe(text);
  });
});

describe('an access code', () => {
  const DIGITS = '00111ABCDE0000011111ZZZZZ99999'; // 30 characters

  it.each([
    [`KF-${DIGITS}`, DIGITS],
    [`kf${DIGITS}`, DIGITS],
    [`> KF ${DIGITS}`, DIGITS],
    [`“ＫＦ－${DIGITS}”`, DIGITS],
    [DIGITS, DIGITS],
    // The beginning of a code.
    ['KF-001', '001'],
    ['KF-', ''],
    ['KF', 'KF'],
    ['KF001', 'KF001'],
    [`KF${DIGITS.slice(1)}`, `KF${DIGITS.slice(1)}`],
    ['1KF-001', '1KF001'],
    // The prefix is removed once, and only at the beginning.
    ['KF-KF-001', 'KF001'],
    ['KFKF-001', 'KFKF001'],
    [`KFKF${DIGITS.slice(2)}`, `KF${DIGITS.slice(2)}`],
    [`KF-KF${DIGITS}`, `KF${DIGITS}`],
    ['--KF-001', '001'],
    ['- -KF_001', '001'],
    ['KX-001', 'KX001'],
  ])('is read without its prefix: %j', (typed, code) => {
    expect(readAccessCode(typed)).toBe(code);
  });

  it('keeps the letters that look like digits', () => {
    expect(readAccessCode('oil')).toBe('OIL');
    expect(readCrockford('oil')).toBe('011');
  });
});

describe('hex digits', () => {
  it('are read without the separators of every notation', () => {
    expect(readTypedHex('0X1a,0x2B;3c_4D-5e:6F')).toBe('1a2B3c4D5e6F');
    expect(readTypedHex('0xg0 00x')).toBe('0xg000x');
  });
});
