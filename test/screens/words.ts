// Texts of the page, for controls that can be found only by their text.
import { ENGLISH, readCatalog } from '#build/languages/languages.ts';

/** Folder of catalogues that the build used instead of web/languages. */
const { KEYFERRY_CATALOGS } = process.env;

/**
 * Returns the translation of a message. `folder` is the folder of the source file, if the key names
 * one.
 */
export function said(language: string, key: string, folder = ''): string {
  if (language === ENGLISH) return key;
  const catalog = readCatalog(KEYFERRY_CATALOGS ?? 'web/languages', language);
  const text = catalog[`${key} @${folder}`] ?? catalog[key];
  if (typeof text !== 'string' || text === '') throw new Error(`${language} has no translation of "${key}"`);
  return text;
}
