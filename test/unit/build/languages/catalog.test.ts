import { describe, expect, it } from 'vitest';
import { type Catalog, categoriesOf, checkCatalog, type PlacedMessage, withMissing } from '#build/languages/catalog.ts';
import { builtLanguages, LANGUAGES, pageName, readCatalog } from '#build/languages/languages.ts';
import { faultOf } from '#build/languages/pattern.ts';
import { pseudoCatalog } from '#build/languages/pseudo.ts';
import { readMessages } from '#build/languages/sources.ts';

const text = (key: string, path = 'web/src/ui/orders/X.svelte'): PlacedMessage => ({
  message: { key, form: 'markup' },
  path,
});
const plural = (key: string): PlacedMessage => ({ ...text(key), message: { key, form: 'plural' } });
const FORMS = { zero: 'z', one: 'o', two: 't', few: '{n} f', many: '{n} m', other: '{n} x' };

describe('a translation', () => {
  it.each([
    ['Load {key} into {slot}', '{slot}: {key}', undefined],
    ['Load {key}', 'Laden', '{key} is missing'],
    ['Load {key}', '{kez} laden', '{kez} is not in the English text'],
    ['<1>Load</1> <2/>', '<2/> <1>laden</1>', undefined],
    ['<1>Load</1>', '<1>laden', 'an element is not closed, or closed too early'],
    ['<1>a</1> <2>b</2>', '<1>a <2>b</1></2>', 'an element is not closed, or closed too early'],
    ['<1>Load</1>', 'laden', 'its elements are not those of the English text'],
    ['<1>Load</1>', '<1>a</1><1>b</1>', 'its elements are not those of the English text'],
    ['Load', 'laden {', 'a brace or an element is incomplete'],
  ])('of "%s" as "%s" has this fault: %s', (key, translation, fault) => {
    expect(faultOf(key, translation)).toBe(fault);
  });

  it('of a count has the categories of whole numbers', () => {
    expect(LANGUAGES.map((language) => categoriesOf(language).length)).toEqual([2, 2, 2, 2, 1, 6]);
  });
});

describe('a catalogue', () => {
  const check = (catalog: Catalog, messages: readonly PlacedMessage[], language = 'ar') =>
    checkCatalog(catalog, language, messages);

  it('that has every message has no findings', () => {
    const findings = check({ Open: 'x', '{n} keys': FORMS }, [text('Open'), plural('{n} keys')]);
    expect(findings).toEqual({ missing: new Map(), unknown: [], mismatched: [] });
  });

  it('names what is missing, unknown and wrong', () => {
    const { few: _, ...five } = FORMS;
    const catalog = {
      Open: '',
      Old: 'alt',
      'Load {x}': 'y',
      Word: FORMS,
      '{n} keys': 'k',
      '{n} units': { ...five, some: '{n}' },
    };
    const messages = [
      text('Open'),
      text('New'),
      text('Load {x}'),
      text('Word'),
      plural('{n} keys'),
      plural('{n} units'),
    ];
    const { missing, unknown, mismatched } = check(catalog, messages);
    expect([...missing]).toEqual([
      ['Open', false],
      ['New', false],
    ]);
    expect(unknown).toEqual(['Old']);
    expect(mismatched).toEqual([
      'Load {x}: {x} is missing',
      'Word: needs a text, because the message has no count',
      '{n} keys: needs an object with plural forms',
      '{n} units: the form "few" is missing',
      '{n} units: ar has no form "some"',
    ]);
  });

  it('may have a translation for the messages of one folder', () => {
    const catalog = { Open: 'Offen', 'Open @ui/orders': 'Öffnen' };
    const messages = [text('Open'), text('Open', 'web/src/ui/help/X.svelte')];
    expect(check(catalog, messages).unknown).toEqual([]);
    expect(check(catalog, [text('Open')]).unknown).toEqual(['Open']);
  });

  it('receives empty translations, and keeps those that it has', () => {
    const catalog = { Open: 'Öffnen', Old: 'alt' };
    const findings = check(catalog, [text('Open'), text('New'), plural('{n} keys')], 'de');
    expect(withMissing(catalog, 'de', findings)).toEqual({ ...catalog, New: '', '{n} keys': { one: '', other: '' } });
  });
});

describe('the languages of the page', () => {
  const messages = readMessages('.');

  it('have a catalogue without findings, once they are released', () => {
    for (const language of builtLanguages({}).filter((each) => each !== 'en')) {
      const findings = checkCatalog(readCatalog('web/languages', language), language, messages);
      expect(findings, language).toEqual({ missing: new Map(), unknown: [], mismatched: [] });
    }
  });

  it('have catalogues for tests without findings', () => {
    for (const language of ['de', 'ar']) {
      expect(checkCatalog(pseudoCatalog(messages, language), language, messages).mismatched, language).toEqual([]);
    }
    expect(messages.length).toBeGreaterThan(300);
  });

  it('have a page each', () => {
    expect(['en', 'ja'].map((language) => pageName('index.html', language))).toEqual(['index.html', 'index.ja.html']);
  });
});
