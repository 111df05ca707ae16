// A catalogue: the translations of one language (web/languages). Its keys are the English messages.

import type { Message } from './message.ts';
import { faultOf } from './pattern.ts';

/** The translation of a plural, by the plural categories of the language. */
export type Forms = Readonly<Record<string, string>>;
export type Catalog = Readonly<Record<string, string | Forms>>;

/** A message with its place in the sources. */
export interface PlacedMessage {
  readonly message: Pick<Message, 'key' | 'form'>;
  /** Path of the source file in the repository. */
  readonly path: string;
}

/** Returns the folder below web/src of a source file, which a key may name: "ui/orders". */
const folderOf = (path: string): string => /web\/src\/(.+)\/[^/]+$/.exec(path)?.[1] ?? '';

/**
 * Returns the key of a message in a catalogue. A key that also names the folder of the source file
 * takes precedence.
 */
function entryOf(catalog: Catalog, { message: { key }, path }: PlacedMessage): string {
  const withFolder = `${key} @${folderOf(path)}`;
  return Object.hasOwn(catalog, withFolder) ? withFolder : key;
}

/** Returns the translation; undefined if it is missing or does not have the form of the message. */
export function translationOf(catalog: Catalog, placed: PlacedMessage): string | Forms | undefined {
  const entry = entryOf(catalog, placed);
  const found = Object.hasOwn(catalog, entry) ? catalog[entry] : undefined;
  const isPlural = placed.message.form === 'plural';
  return found === undefined || isEmpty(found) || isPlural !== (typeof found === 'object') ? undefined : found;
}

const isEmpty = (value: string | Forms): boolean => !(typeof value === 'string' ? value : value.other);

const MAX_COUNT = 200;

/**
 * Returns the plural categories of whole numbers in a language. Omits those of fractions and millions,
 * for example "many" in French, because the form "other" replaces them.
 */
export function categoriesOf(language: string): readonly string[] {
  const rules = new Intl.PluralRules(language);
  const found = new Set(Array.from({ length: MAX_COUNT }, (_, count) => rules.select(count)));
  return [...found, 'other'].filter((each, index, all) => all.indexOf(each) === index).sort();
}

export interface Findings {
  /** Keys without a translation. The value says whether the translation must have plural forms. */
  readonly missing: ReadonlyMap<string, boolean>;
  /** Keys of the catalogue that no source has. */
  readonly unknown: readonly string[];
  /** Translations that do not fit their message, with the reason. */
  readonly mismatched: readonly string[];
}

export function checkCatalog(catalog: Catalog, language: string, messages: readonly PlacedMessage[]): Findings {
  const missing = new Map<string, boolean>();
  const mismatched = new Set<string>();
  const used = new Set<string>();
  for (const placed of messages) {
    const { key, form } = placed.message;
    const entry = entryOf(catalog, placed);
    used.add(entry);
    const value = Object.hasOwn(catalog, entry) ? catalog[entry] : undefined;
    if (value === undefined || isEmpty(value)) missing.set(key, form === 'plural');
    else for (const fault of faultsOf(key, form === 'plural', value, language)) mismatched.add(`${entry}: ${fault}`);
  }
  return { missing, unknown: Object.keys(catalog).filter((key) => !used.has(key)), mismatched: [...mismatched] };
}

function faultsOf(key: string, isPlural: boolean, value: string | Forms, language: string): readonly string[] {
  if (typeof value === 'string') {
    return isPlural ? ['needs an object with plural forms'] : [faultOf(key, value) ?? []].flat();
  }
  if (!isPlural) return ['needs a text, because the message has no count'];
  const expected = categoriesOf(language);
  const known = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
  const absent = expected.filter((each) => !value[each]).map((each) => `the form "${each}" is missing`);
  const strange = Object.keys(value)
    .filter((each) => !known.some((category) => category === each))
    .map((each) => `${language} has no form "${each}"`);
  const wrong = Object.entries(value).flatMap(([category, form]) => {
    const fault = form === '' ? undefined : faultOf(key, form, category !== 'other');
    return fault === undefined ? [] : [`in the form "${category}", ${fault}`];
  });
  return [...absent, ...strange, ...wrong];
}

/**
 * Returns the catalogue with an empty translation for each missing key, in the order of the keys.
 * Changes no translation.
 */
export function withMissing(catalog: Catalog, language: string, { missing }: Findings): Catalog {
  const added = [...missing]
    .filter(([key]) => !Object.hasOwn(catalog, key))
    .map(([key, isPlural]): readonly [string, string | Forms] => [
      key,
      isPlural ? Object.fromEntries(categoriesOf(language).map((each) => [each, ''])) : '',
    ]);
  const entries = [...Object.entries(catalog), ...added].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}
