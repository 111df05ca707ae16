import { describe, expect, it } from 'vitest';
import { chooseLanguage, LANGUAGE, pageIn, SITE_LANGUAGE } from '#web/text/languages.ts';

const BUILT = ['en', 'de', 'ar'];
const settings = (values: Readonly<Record<string, string>>) => ({ getItem: (name: string) => values[name] ?? null });

describe('the language of the page', () => {
  it.each([
    ['the choice of the operator', { [LANGUAGE]: 'ar', [SITE_LANGUAGE]: 'de' }, ['en'], 'ar'],
    ['English, if the operator chose it', { [LANGUAGE]: 'en', [SITE_LANGUAGE]: 'de' }, ['de'], 'en'],
    ['that of the site file', { [SITE_LANGUAGE]: 'de' }, ['ar'], 'de'],
    ['the first of the browser that is built', {}, ['fr-CH', 'de-CH', 'en'], 'de'],
    ['English, if none is built', {}, ['fr', 'ja'], 'en'],
    ['another one, if that of the site is not built', { [SITE_LANGUAGE]: 'ja' }, ['AR-eg'], 'ar'],
  ])('is %s', (_, values, browser, language) => {
    expect(chooseLanguage(settings(values), browser, BUILT)).toBe(language);
  });

  it('has a page of its own, and English has the usual one', () => {
    expect(['en', 'de'].map((language) => pageIn('demo.html', language))).toEqual(['demo.html', 'demo.de.html']);
  });
});
