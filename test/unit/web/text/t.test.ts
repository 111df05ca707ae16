import { afterEach, describe, expect, it, vi } from 'vitest';
import { pageLanguage, plural, t } from '#web/text/t.ts';

const open = (lang: string): void => void vi.stubGlobal('document', { documentElement: { lang } });

afterEach(() => vi.unstubAllGlobals());

describe('t', () => {
  it('returns the English text with its values', () => {
    const [done, name] = [3, 'a `quoted` name'];
    expect(t`Open`).toBe('Open');
    expect(t`${done} of 8 loaded`).toBe('3 of 8 loaded');
    expect(t`Loaded ${done} into ${name}`).toBe('Loaded 3 into a `quoted` name');
  });

  it('reads escapes as a template does', () => {
    expect(t`one\u00A0space, a \`backtick\` and \${braces}`).toBe('one\u00A0space, a `backtick` and ${' + 'braces}');
  });
});

describe('plural', () => {
  const units = (count: number): string => plural(count, { one: t`${count} unit`, other: t`${count} units` });

  it('chooses the English form without a document', () => {
    expect([0, 1, 2].map(units)).toEqual(['0 units', '1 unit', '2 units']);
  });

  it('chooses the form by the language of the page', () => {
    open('ar');
    const forms = { zero: 'z', one: 'o', two: 't', few: 'f', many: 'm', other: 'x' };
    expect([0, 1, 2, 3, 11, 100].map((count) => plural(count, forms))).toEqual(['z', 'o', 't', 'f', 'm', 'x']);
  });

  it('uses the form "other" for a category that has none', () => {
    open('ar');
    expect(units(2)).toBe('2 units');
  });
});

describe('pageLanguage', () => {
  it('is that of the document, or English', () => {
    expect(pageLanguage()).toBe('en');
    open('');
    expect(pageLanguage()).toBe('en');
    open('de');
    expect(pageLanguage()).toBe('de');
  });
});
