// The languages of the page, and their catalogues.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Catalog } from './catalog.ts';

/** English is the language of the sources. */
export const ENGLISH = 'en';
/**
 * The languages that are built. A test fails while `npm run languages` finds a fault in one of
 * them.
 */
export const LANGUAGES = [ENGLISH, 'de', 'fr', 'es', 'ja', 'ar'];

const RIGHT_TO_LEFT = new Set(['ar']);

export const directionOf = (language: string): 'ltr' | 'rtl' => (RIGHT_TO_LEFT.has(language) ? 'rtl' : 'ltr');

/** Returns the name of a language in this language. */
export function languageName(language: string): string {
  const name = new Intl.DisplayNames([language], { type: 'language' }).of(language) ?? language;
  return name.charAt(0).toLocaleUpperCase(language) + name.slice(1);
}

/**
 * Returns the languages to build, English first. Tests set two variables. KEYFERRY_CATALOGS names a
 * folder of catalogues that replace the released ones. KEYFERRY_LANGUAGES lists the languages to
 * build, "en" or "en,ar". Building all of them takes four times as long as English alone.
 */
export function builtLanguages({ KEYFERRY_CATALOGS, KEYFERRY_LANGUAGES }: NodeJS.ProcessEnv): readonly string[] {
  if (KEYFERRY_LANGUAGES !== undefined) {
    const listed = KEYFERRY_LANGUAGES.split(',');
    return LANGUAGES.filter((language) => listed.includes(language));
  }
  if (KEYFERRY_CATALOGS === undefined) return LANGUAGES;
  const found = readdirSync(KEYFERRY_CATALOGS).map((name) => name.replace(/\.json$/, ''));
  return LANGUAGES.filter((language) => language === ENGLISH || found.includes(language));
}

/** Reads the catalogue of a language. A catalogue that does not exist yet is empty. */
export function readCatalog(folder: string, language: string): Catalog {
  const path = join(folder, `${language}.json`);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Catalog) : {};
}

/** Returns the name of a page, or of its manifest, in a language: "index.html" and "index.de.html". */
export const pageName = (page: string, language: string): string =>
  language === ENGLISH ? page : page.replace(/\.(html|json)$/, `.${language}.$1`);
