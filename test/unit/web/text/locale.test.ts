// The locale of numbers, times and lists: the language of the page, with the region of the browser.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { asSentence, formatNumber, joinSentences, listInWords, pageLocale } from '#web/text/locale.ts';

function setLanguage(lang: string): void {
  vi.stubGlobal('document', { documentElement: { lang } });
}

afterEach(() => vi.unstubAllGlobals());

describe('the locale of the page', () => {
  it('has the region of the browser if the browser has the language of the page', () => {
    const { locale } = new Intl.NumberFormat().resolvedOptions();
    setLanguage(locale.split('-')[0] ?? '');
    expect(pageLocale()).toBe(locale);
  });

  it('is the language of the page if the browser has another language', () => {
    setLanguage('mi');
    expect(pageLocale()).toBe('mi');
  });

  it('formats numbers, always in Latin digits', () => {
    setLanguage('de');
    expect(formatNumber(20_000.5)).toBe('20.000,5');
    setLanguage('fa');
    expect(formatNumber(20)).toBe('20');
  });

  it('writes a list of facts', () => {
    expect(listInWords(['AES', 'MAC', 'CMAC'])).toBe('AES, MAC, CMAC');
    expect(listInWords(['AES'])).toBe('AES');
  });
});

it('sentences stand side by side, and an empty one leaves no blank', () => {
  expect(joinSentences('Nothing was loaded.', asSentence('Sign in again'))).toBe('Nothing was loaded. Sign in again.');
  expect(joinSentences('', 'Done.')).toBe('Done.');
  expect(joinSentences('Done.', '')).toBe('Done.');
});
