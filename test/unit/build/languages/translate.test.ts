import { describe, expect, it } from 'vitest';
import type { Catalog } from '#build/languages/catalog.ts';
import { findMessages } from '#build/languages/find-messages.ts';
import { translate } from '#build/languages/translate.ts';

const SCRIPT = 'web/src/ui/orders/words.ts';
const COMPONENT = 'web/src/ui/orders/Row.svelte';

const keysOf = (source: string, path = COMPONENT): readonly string[] =>
  findMessages(source, path).map(({ key }) => key);
const script = (source: string, catalog?: Catalog): string => translate(source, SCRIPT, catalog);
const markup = (source: string, catalog?: Catalog): string => translate(source, COMPONENT, catalog);

describe('a script', () => {
  it('names each placeholder by the last identifier of its expression', () => {
    const source = 'f(t`${a.done} of ${format(lane.count!)}, ${x as number} and ${this.#sn} at ${1 + 2}`);';
    expect(keysOf(source, SCRIPT)).toEqual(['{done} of {count}, {x} and {sn} at {value}']);
  });

  it('numbers different expressions with one name, and reuses the name of equal ones', () => {
    expect(keysOf('t`${a.count} of ${b.count}, again ${a.count}`', SCRIPT)).toEqual([
      '{count} of {count2}, again {count}',
    ]);
  });

  it('reorders the values of a translation', () => {
    const catalog = { '{done} of {count} loaded': 'Von {count} sind {done} geladen' };
    expect(script('f(t`${a.done} of ${count} loaded`)', catalog)).toBe('f(`Von ${count} sind ${a.done} geladen`)');
  });

  it('escapes what ends a template', () => {
    const catalog = { Load: 'a `b` \\ $ ${' + 'x} "c" \'d\'' };
    const words = script('t`Load`', { Load: 'a `b` \\ $5 "c" \'d\'' });
    expect(new Function(`return ${words}`)()).toBe('a `b` \\ $5 "c" \'d\'');
    expect(() => script('t`Load`', catalog)).toThrow('placeholder');
  });

  it('is English without its tags if there is no catalogue or no translation', () => {
    const source = 'const a = t`One \\n ${b}`; plural(n, { one: t`${n} key`, other: t`${n} keys` });';
    const english = 'const a = `One \\n ${b}`; plural(n, { one: `${n} key`, other: `${n} keys` });';
    expect(script(source)).toBe(english);
    expect(script(source, { 'One \n {b}': '' })).toBe(english);
  });

  it('writes the six plural categories of Arabic', () => {
    const forms = {
      zero: 'zero',
      one: 'one',
      two: 'two',
      few: 'few {count}',
      many: 'many {count}',
      other: '{count} other',
    };
    const source = 'plural(units.count, { one: t`${units.count} unit`, other: t`${units.count} units` })';
    expect(keysOf(source, SCRIPT)).toEqual(['{count} units']);
    expect(script(source, { '{count} units': forms })).toBe(
      'plural(units.count, { zero: `zero`, one: `one`, two: `two`, few: `few ${units.count}`, ' +
        'many: `many ${units.count}`, other: `${units.count} other` })',
    );
  });

  it('translates a message inside another one', () => {
    const catalog = { inner: 'innen', 'outer {x}': '{x} außen' };
    expect(script('t`outer ${f(t`inner`, x)}`', catalog)).toBe('`${f(`innen`, x)} außen`');
  });

  it('prefers the translation for the folder of the file', () => {
    const catalog = { Open: 'Offen', 'Open @ui/orders': 'Öffnen' };
    expect(translate('t`Open`', SCRIPT, catalog)).toBe('`Öffnen`');
    expect(translate('t`Open`', 'web/src/ui/help/words.ts', catalog)).toBe('`Offen`');
  });

  it('refuses a text that looks like a placeholder, and a plural without the form "other"', () => {
    expect(() => keysOf('t`a {b} c`', SCRIPT)).toThrow('brace');
    expect(() => keysOf('plural(n, { one: t`one` })', SCRIPT)).toThrow('other');
    expect(() => keysOf('plural(n, { other: x })', SCRIPT)).toThrow('literal');
  });

  it('without a tag is not changed', () => {
    const source = 'const at = `Load ${x}`;';
    expect(script(source, { 'Load {x}': 'no' })).toBe(source);
  });
});

describe('the markup of a component', () => {
  it('is a message for each run of text, with expressions and inline elements', () => {
    const source =
      '<p>Load <strong>{key}</strong> into <code>slot {n}</code>.</p><ul><li>One</li><li>Two {x}</li></ul>';
    expect(keysOf(source)).toEqual(['Load <1>{key}</1> into <2>slot {n}</2>.', 'One', 'Two {x}']);
  });

  it('reorders inline elements and values', () => {
    const source = '<p>\n  Load <strong class="a">{key.label}</strong>\n  into {slot}.\n</p>';
    const catalog = { 'Load <1>{label}</1> into {slot}.': 'In {slot} <1>«{label}»</1> laden & <fertig>' };
    expect(markup(source, catalog)).toBe(
      '<p>\n  In {slot} <strong class="a">«{key.label}»</strong> laden &amp; &lt;fertig&gt;\n</p>',
    );
  });

  it('ends a message at blocks, components and block elements', () => {
    const source =
      '{#if a}One {#if b}two{/if} three{:else}Four<Icon name="x" />Five{/if}{#each l as x}<p>Six {x}</p>{/each}';
    expect(keysOf(source)).toEqual(['One', 'two', 'three', 'Four', 'Five', 'Six {x}']);
  });

  it('has a message for each element if no word stands between them', () => {
    expect(keysOf('<p><strong>Reload.</strong> <span>The page has a fault.</span> {why}</p>')).toEqual([
      'Reload.',
      'The page has a fault.',
    ]);
  });

  it('has attributes for readers, but no properties of components', () => {
    const source =
      '<button aria-label="Close {name}" title=Close class="x y" data-a="Word">{x}</button><Tip title="Word" />';
    expect(keysOf(source)).toEqual(['Close {name}', 'Close']);
    expect(markup(source, { 'Close {name}': '{name} "zu" {', Close: 'Zu machen' })).toContain(
      '<button aria-label="{name} &quot;zu&quot; &#123;" title="Zu machen" class="x y" data-a="Word">',
    );
  });

  it('has the attribute that a stylesheet shows', () => {
    expect(keysOf('<td data-label="Reason">{x}</td>')).toEqual(['Reason']);
  });

  it('keeps what is not for translation', () => {
    const source =
      '<p>Run <code translate="no">npm run {x}</code> first.</p><p translate="no" title="Word">KCV {t`is a word`}</p>';
    expect(keysOf(source)).toEqual(['Run <1/> first.', 'is a word']);
    expect(markup(source, { 'Run <1/> first.': 'Zuerst <1/>.' })).toContain(
      '<p>Zuerst <code translate="no">npm run {x}</code>.</p>',
    );
  });

  it('translates the scripts in it', () => {
    const source =
      '<script lang="ts">\n  const a: string = t`Open`;\n</script>\n\n<Tip label={t`Open`} />{a ? t`Open` : \'\'}';
    expect(markup(source, { Open: 'Öffnen' })).toBe(source.replaceAll('t`Open`', '`Öffnen`'));
  });

  it('reads entities, no-break spaces and literal spaces', () => {
    expect(keysOf("<p>A &amp; B\u00A0C{' '}\n   D&nbsp;E</p>")).toEqual(['A & B\u00A0C D\u00A0E']);
  });

  it('of the English page is the source', () => {
    const source = '<p>Load &quot;{x}&quot;</p>';
    expect(markup(source)).toBe(source);
  });
});

describe('an HTML page', () => {
  it('has its title, its description and its text as messages', () => {
    const source =
      '<!doctype html><html lang="en"><head><meta name="description" content="Checks."><title>Verifier</title></head>' +
      '<body><noscript><p class="x"><strong>Allow it.</strong> Why not?</p></noscript></body></html>';
    expect(findMessages(source, 'web/verify.html').map(({ key }) => key)).toEqual([
      'Checks.',
      'Verifier',
      '<1>Allow it.</1> Why not?',
    ]);
  });
});
