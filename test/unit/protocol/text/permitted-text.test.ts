// Permitted texts. Every script and emoji is accepted. A character that hides, reorders or breaks a
// text is refused, and the message names the character. An order id can be part of a URL path.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readOrderId } from '#protocol/text/order-id.ts';
import { formOf, isSameText, readText, repairReason, repairText, showText } from '#protocol/text/permitted-text.ts';

const textOf = (typed: string, max = 64): string | undefined => {
  const result = readText(typed, max);
  return 'text' in result ? result.text : undefined;
};
const whyOf = (typed: string, max = 64): string | undefined => {
  const result = readText(typed, max);
  return 'why' in result ? result.why : undefined;
};

describe('a text', () => {
  it.each([
    ['Latin with marks', 'Zürich, Đắk Lắk, Łódź'],
    ['Greek and Cyrillic', 'Κλειδί для терминала'],
    ['Arabic with vowels', 'مِفْتَاح'],
    ['Persian with a non-joiner', 'می\u200cخواهم'],
    ['Hebrew with points', 'מַפְתֵּחַ'],
    ['Devanagari with a joiner', 'क\u094d\u200dष'],
    ['Bengali, Tamil, Thai and Khmer', 'কী சாவி กุญแจ សោ'],
    ['Sinhala with a joiner', 'ශ\u0dca\u200dරී'],
    ['Chinese, Japanese and Korean', '密钥 鍵キー 열쇠'],
    ['a variant of an ideograph', '葛\u{E0100}'],
    ['Mongolian with its vowel separator', 'ᠠ\u180eᠠ'],
    ['Amharic and Cherokee', 'ቁልፍ ᎠᏍᏚᎢᏙᏗ'],
    ['an Arabic number sign', '\u0600١٢٣'],
    ['an emoji with a skin tone', '👍🏽'],
    ['a joined emoji', '👩🏽‍🚀 👨‍👩‍👧‍👦 🏳️‍🌈 👁️‍🗨️'],
    ['flags', '🇳🇵 🏴󠁧󠁢󠁳󠁣󠁴󠁿'],
    ['a keycap and a presentation selector', '1️⃣ ☎︎ ❤️'],
    ['signs', 'R&D №7 – "A/B" 5 % €'],
  ])('may contain %s', (_what, text) => {
    expect(textOf(text)).toBe(text.normalize('NFC'));
  });

  it.each([
    ['JOB\u00a04711', 'JOB 4711'],
    ['  JOB\u2003 \u3000 4711\r\n', 'JOB 4711'],
    ['\u200eJOB-4711\ufeff', 'JOB-4711'],
    ['\tA\u202f\u205fB\u2028', 'A B'],
    ['Cafe\u0301', 'Café'],
    ['A\u2800B', 'A B'],
    ['\u1100\u1161', '가'],
  ])('in its normal form: %j becomes %j', (typed, text) => {
    expect(textOf(typed)).toBe(text);
    expect(textOf(text)).toBe(text);
    expect(isSameText(text, typed)).toBe(true);
    // An earlier version stored texts as the operator typed them.
    expect(isSameText(typed, text)).toBe(true);
  });

  it.each([
    ['JOB-\u202e1174', 'U+202E RIGHT-TO-LEFT OVERRIDE at position 5'],
    ['a\u2067b', 'U+2067 RIGHT-TO-LEFT ISOLATE at position 2'],
    ['a\u200fb', 'U+200F RIGHT-TO-LEFT MARK at position 2'],
    ['a\u061cb', 'U+061C ARABIC LETTER MARK at position 2'],
    ['a\u0000b', 'U+0000 NULL at position 2'],
    ['a\u001b[31mb', 'U+001B ESCAPE at position 2'],
    ['a\u0007b', 'U+0007 BELL at position 2'],
    ['a\u0008b', 'U+0008 BACKSPACE at position 2'],
    ['a\u007fb', 'U+007F DELETE at position 2'],
    ['a\u0001b', 'U+0001, a control character at position 2'],
    ['a\u206ab', 'U+206A, an invisible character at position 2'],
    ['a\u{E0001}b', 'U+E0001, an invisible tag at position 2'],
    ['a\u{E007F}b', 'U+E007F, an invisible tag at position 2'],
    ['a\u200c\u200cb', 'U+200C ZERO WIDTH NON-JOINER at position 2'],
    ['م\u200c\u200dم', 'U+200D ZERO WIDTH JOINER at position 3'],
    ['a\u180eb', 'U+180E MONGOLIAN VOWEL SEPARATOR at position 2'],
    ['\u200d👩', 'U+200D ZERO WIDTH JOINER at position 1'],
    ['👍🏽🏽🏽\u200d👩', 'U+200D ZERO WIDTH JOINER at position 5'],
    ['👩\u200c👩', 'U+200C ZERO WIDTH NON-JOINER at position 2'],
    ['🏴\u{E007F}', 'U+E007F, an invisible tag at position 2'],
    ['🏴\u{E0067}', 'U+E0067, an invisible tag at position 2'],
    ['🏴a\u{E007F}', 'U+E007F, an invisible tag at position 3'],
    ['a\u{1F3FB}\u0600\ufffc', 'U+FFFC OBJECT REPLACEMENT CHARACTER at position 4'],
    ['a\nb', 'U+000A LINE FEED at position 2'],
    ['a\tb', 'U+0009 TAB at position 2'],
    ['a\u0090b', 'U+0090, a control character at position 2'],
    ['a\u2028b', 'U+2028 LINE SEPARATOR at position 2'],
    ['a\u200bb', 'U+200B ZERO WIDTH SPACE at position 2'],
    ['a\u200db', 'U+200D ZERO WIDTH JOINER at position 2'],
    ['😀\u200cb', 'U+200C ZERO WIDTH NON-JOINER at position 2'],
    ['👩\u200db', 'U+200D ZERO WIDTH JOINER at position 2'],
    ['a\u00adb', 'U+00AD SOFT HYPHEN at position 2'],
    ['a\ufeffb', 'U+FEFF BYTE ORDER MARK at position 2'],
    ['a\u3164b', 'U+3164 HANGUL FILLER at position 2'],
    ['a\ue000b', 'U+E000, a private-use character at position 2'],
    ['a\ufdd0b', 'U+FDD0, not a character at position 2'],
    ['a\u{10ffff}b', 'U+10FFFF, not a character at position 2'],
    ['a\ud800b', 'U+D800, half of a character at position 2'],
    ['K\ufffdln', 'U+FFFD REPLACEMENT CHARACTER at position 2'],
    ['a\u{E0041}b', 'U+E0041, an invisible tag at position 2'],
    ['🏴\u{E0067}b', 'U+E0067, an invisible tag at position 2'],
    ['\u0301a', 'U+0301, a mark without a letter at position 1'],
    ['a \ufe0fb', 'U+FE0F, a variation selector at position 3'],
    ['  a\u202eb', 'U+202E RIGHT-TO-LEFT OVERRIDE at position 4'],
  ])('is refused with the name of the character: %j', (typed, why) => {
    expect(whyOf(typed)).toBe(`contains ${why}`);
  });

  it('is refused if it is empty, or if it has too many code points', () => {
    for (const typed of ['', ' ', '\u00a0\u200b\n', '\u2800']) expect(whyOf(typed)).toBe('is empty');
    expect(textOf('🔑'.repeat(5), 5)).toBe('🔑'.repeat(5));
    expect(whyOf('🔑'.repeat(6), 5)).toBe('has 6 characters, and at most 5 are permitted');
    expect(textOf('e\u0301'.repeat(5), 5)).toBe('é'.repeat(5));
  });

  it('may be as long as permitted after its spaces are reduced, and is refused at once if it is much longer', () => {
    expect(textOf(`a${' '.repeat(290)}b`, 5)).toBe('a b');
    expect(textOf(`ab${' '.repeat(294)}`, 5)).toBe('ab');
    expect(whyOf(`ab${' '.repeat(295)}`, 5)).toBe('has 297 characters, and at most 5 are permitted');
    expect(textOf('abcde', 5)).toBe('abcde');
  });

  it('is the same as another if the normal form is the same, or if both are refused and equal', () => {
    expect(isSameText('a\u202eb', 'a\u202eb')).toBe(true);
    expect(isSameText('a\u202eb', 'ab')).toBe(false);
    expect(isSameText('a b', 'ab')).toBe(false);
    expect(formOf(' a\u202eb')).toBe(' a\u202eb');
    expect(formOf(` ${'e\u0301'.repeat(5000)}`)).toBe('é'.repeat(5000));
  });

  it('never contains a character that hides or reorders text, and does not change when it is read again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (typed) => {
        const text = textOf(typed);
        if (text === undefined) return;
        expect(text).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Co}\p{Cs}\u200b\ufeff\u00a0]|^\s|\s$| {2}/u);
        expect(textOf(text)).toBe(text);
      }),
    );
  });

  it('of an earlier version is repaired', () => {
    expect(repairText('non livré', 200)).toBe('non livré');
    expect(repairText('می\u200cخواهم', 200)).toBe('می\u200cخواهم');
    expect(repairText('in K\ufffdln,\u202e kaputt\u200b', 200)).toBe('in K ln, kaputt');
    expect(repairText('x'.repeat(300), 200)).toBe('x'.repeat(200));
    expect(repairText('\ufffd\u202e', 200)).toBeUndefined();
    expect(repairText(`${'x'.repeat(19)} y`, 20)).toBe('x'.repeat(19));
    expect(repairText('a\ufffcb\u2028c\ud800d\u00ade', 200)).toBe('a b c d e');
    expect(repairReason('x'.repeat(30), 20)).toBe('x'.repeat(20));
    expect(repairReason('\ufffd\u202e')).toBe('a reason that cannot be shown');
    expect(repairReason('x'.repeat(600))).toBe('x'.repeat(500));
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (stored) => {
        const text = repairText(stored, 20);
        if (text !== undefined) expect(textOf(text, 20)).toBe(text);
      }),
    );
  });

  it('is shown in a terminal without control characters', () => {
    expect(showText('JOB-\u202e1174 \u001b[2J ok')).toBe('JOB-<U+202E>1174 <U+001B>[2J ok');
    expect(showText('a\u0001\u2028\u2029\u061cb')).toBe('a<U+0001><U+2028><U+2029><U+061C>b');
    expect(showText('Zürich 🔑 می\u200cخواهم')).toBe('Zürich 🔑 می\u200cخواهم');
  });
});

describe('an order id', () => {
  const whyId = (typed: string): string | undefined => {
    const result = readOrderId(typed);
    return 'why' in result ? result.why : undefined;
  };

  it.each(['2026/0815', '2026\\0815', '50%', 'JOB?1', 'JOB#1', 'JOB;1', '.', '..', '.JOB', 'JOB.', ' ../JOB'])(
    'that cannot be part of a URL path is refused: %j',
    (typed) => {
      expect(whyId(typed)).toMatch(
        /^(contains . *, which web addresses cannot carry: write - instead|begins or ends with a dot, which web addresses cannot carry)$/,
      );
    },
  );

  it('is a permitted text of at most 64 characters in its normal form', () => {
    expect(readOrderId(` ${'J'.repeat(64)}`)).toEqual({ text: 'J'.repeat(64) });
    expect(whyId('J'.repeat(65))).toBe('has 65 characters, and at most 64 are permitted');
    expect(whyId('')).toBe('is empty');
  });

  it.each(['JOB-4711', 'JOB 4711', 'R&D+12', 'v1.2', 'Auftrag Ü 7', '注文-12', 'A:B', "O'Neil"])(
    'that can be part of a URL path is accepted: %j',
    (typed) => {
      expect(readOrderId(typed)).toEqual({ text: typed });
    },
  );
});
