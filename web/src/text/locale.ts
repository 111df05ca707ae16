// The locale in which the page writes numbers, times and lists.
import { pageLanguage, t } from './t.ts';

let browserLocale: string | undefined;

/**
 * Returns the locale of the browser if its language is that of the page, because this locale also
 * contains the region of the operator. Otherwise returns the language of the page.
 */
export function pageLocale(): string {
  browserLocale ??= new Intl.NumberFormat().resolvedOptions().locale;
  const language = pageLanguage();
  return browserLocale.split('-')[0] === language.split('-')[0] ? browserLocale : language;
}

/** Options of Intl.NumberFormat for every number on screen. */
export const COUNT = { numberingSystem: 'latn' } as const;

/** Formats a number with separators, for example "20,000". */
export function formatNumber(value: number, options: Intl.NumberFormatOptions = {}): string {
  return value.toLocaleString(pageLocale(), { ...options, ...COUNT });
}

/** Stands between the items of a list. */
export const LIST_COMMA = t`, `;

/**
 * Writes facts in one line, for example "AES, data encryption". Intl.ListFormat is not used, because it
 * adds "und" in German and no comma in Japanese.
 */
export function listInWords(items: readonly string[]): string {
  return items.join(LIST_COMMA);
}

/** Adds the full stop to a remedy. */
export function asSentence(remedy: string): string {
  return t`${remedy}.`;
}

/** Writes one sentence after another. An empty one is left out. */
export function joinSentences(first: string, next: string): string {
  return first === '' || next === '' ? first + next : t`${first} ${next}`;
}
