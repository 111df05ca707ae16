// An access code as people type it, and with the changes that other programs make.
import { describe, expect, it } from 'vitest';
import { CODE_LENGTH, readCodeField } from '#web/state/session/access-code.ts';

const CODE = 'KF-7M3QX-VN8RT-4HJ2K-P9WCD-6TYAE-Z5GBF';

describe('an access code', () => {
  it.each([
    ['as it is printed', CODE],
    ['in small letters', CODE.toLowerCase()],
    ['without hyphens', CODE.replaceAll('-', '')],
    ['without its prefix', CODE.slice(3)],
    ['with blanks', CODE.replaceAll('-', ' ')],
    ['with no-break hyphens', CODE.replaceAll('-', '\u2011')],
    ['with long dashes', CODE.replaceAll('-', '\u2013')],
    ['with minus signs', CODE.replaceAll('-', '\u2212')],
    ['with soft hyphens', CODE.replaceAll('-', '\u00ad')],
    ['with invisible characters', `\ufeff${CODE.replaceAll('-', '-\u200b')}\u2060`],
    ['with no-break spaces', `\u00a0${CODE}\u00a0`],
    ['in two lines', `${CODE.slice(0, 21)}\r\n${CODE.slice(21)}`],
    ['between quotes', `“${CODE}”`],
    ['in a quoted reply', `> ${CODE.slice(0, 21)}\n> ${CODE.slice(21)}`],
    ['with digits of another script', CODE.replaceAll('7', '٧').replaceAll('9', '९')],
    ['in full-width characters', CODE.replaceAll(/[0-9A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0))],
  ])('is read %s', (_, text) => {
    expect(readCodeField(text)).toEqual({ length: CODE_LENGTH, shown: CODE.slice(3), whole: CODE });
  });

  it('may begin with the letters of the prefix', () => {
    const shown = `KF${CODE.slice(5)}`;
    for (const text of [shown, `KF-${shown}`, shown.replaceAll('-', ''), `kf ${shown}`]) {
      expect(readCodeField(text).shown).toBe(shown);
    }
  });

  it('is shown in groups while it is typed', () => {
    const shown = (text: string) => readCodeField(text).shown;
    expect(['', 'KF', 'KF-', '7m3qx', 'kf-7m3qxv'].map(shown)).toEqual(['', 'KF', '', '7M3QX', '7M3QX-V']);
  });
});
