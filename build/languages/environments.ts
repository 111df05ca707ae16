// The environment of a page in each language.
import type { EnvironmentOptions } from 'vite';
import { ENGLISH } from './languages.ts';

/** Returns the name of the environment that builds a page in a language: "client" and "client_de". */
export const environmentName = (page: string, language: string): string =>
  language === ENGLISH ? page : `${page}_${language}`;

export const languageOf = (environment: string): string => environment.split('_')[1] ?? ENGLISH;

/**
 * Returns the environments that build a page in each language, into one folder. A file without text has
 * the same name and content in all languages. Only the English build has the files without a language:
 * those of the folder `public`, and the service worker.
 */
export function inEachLanguage(
  page: string,
  languages: readonly string[],
  options: EnvironmentOptions,
): Readonly<Record<string, EnvironmentOptions>> {
  const { build = {} } = options;
  const { rolldownOptions = {} } = build;
  const input = [rolldownOptions.input ?? []].flat() as readonly string[];
  const translated: EnvironmentOptions = {
    ...options,
    build: {
      ...build,
      emptyOutDir: false,
      copyPublicDir: false,
      rolldownOptions: { ...rolldownOptions, input: input.filter((path) => path.endsWith('.html')) },
    },
  };
  return Object.fromEntries(
    languages.map((language) => [environmentName(page, language), language === ENGLISH ? options : translated]),
  );
}
