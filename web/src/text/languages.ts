// Chooses the language of the page, and names its page in each language.

/**
 * Names of two settings of this browser: the language that the operator chose, and the language in
 * the site file.
 */
export const LANGUAGE = 'keyferry.language';
export const SITE_LANGUAGE = 'keyferry.site-language';

const ENGLISH = 'en';

/** Returns the languages that the page is built in, English first. */
export const languages = (): readonly string[] =>
  (import.meta.env.KEYFERRY_LANGUAGES as string | undefined)?.split(',') ?? [ENGLISH];

/**
 * Returns the language for the operator: their own choice, else that of the site, else the first
 * language of the browser that the page is built in, else English.
 */
export function chooseLanguage(
  settings: Pick<Storage, 'getItem'>,
  ofBrowser: readonly string[],
  built: readonly string[],
): string {
  const wanted = [settings.getItem(LANGUAGE), settings.getItem(SITE_LANGUAGE), ...ofBrowser];
  const primary = wanted.map((tag) => tag?.split('-')[0]?.toLowerCase() ?? '');
  return primary.find((language) => built.includes(language)) ?? ENGLISH;
}

/** Returns the file of a page in a language: "index.html" and "index.de.html". */
export const pageIn = (page: string, language: string): string =>
  language === ENGLISH ? page : page.replace('.html', `.${language}.html`);
