// An access code as people type it, and with the changes that other programs make.
import { describe, expect, it } from 'vitest';
import { codeBody, groupedCode, wholeCode } from '#web/state/session/access-code.ts';

const BODY = '7M3QXVN8RT4HJ2KP9WCD6TYAEZ5GBF';
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
    ['in full-width characters', CODE.replaceAll(/[0-9A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0))],
  ])('is read %s', (_, text) => {
    expect(codeBody(text)).toBe(BODY);
    expect(wholeCode(codeBody(text))).toBe(CODE);
  });

  it('may begin with the letters of the prefix', () => {
    const body = `KF${BODY.slice(2)}`;
    expect(codeBody(groupedCode(body))).toBe(body);
    expect(codeBody(`KF-${groupedCode(body)}`)).toBe(body);
  });

  it('is shown in groups while it is typed', () => {
    expect(groupedCode('')).toBe('');
    expect(groupedCode('7M3QX')).toBe('7M3QX');
    expect(groupedCode('7M3QXV')).toBe('7M3QX-V');
  });
});
