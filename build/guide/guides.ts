// The guides: their documents in the repository, and their pages in the folder of the page.
import { GUIDES, inFolder, TRANSLATED, translationOf } from '../languages/documents.ts';
import { ENGLISH, LANGUAGES } from '../languages/languages.ts';

export interface Guide {
  /** File name of the guide without extension. */
  readonly name: string;
  readonly language: string;
  /** Path of the Markdown document in the repository. */
  readonly source: string;
  /** Path of the built guide in the folder of the page. */
  readonly file: string;
}

/** Folder of the guides in the folder of the page. */
const FOLDER = 'guide';

export const GUIDE_STYLES = `${FOLDER}/guide.css`;

/** Documents of the guides that are in English only. */
const IN_ENGLISH: readonly string[] = [
  `${GUIDES}/firmware.md`,
  ...['as', 'hosting', 'site-file', 'protocol', 'glossary'].map((name) => `docs/${name}.md`),
];

/** Returns the folder of the pictures of a language in the repository. */
export const picturesOf = (language: string): string => inFolder(GUIDES, language, 'images');

/** The list of guides is the page of the folder. */
const nameOf = (source: string): string =>
  source === `${GUIDES}/README.md` ? 'index' : (source.split('/').at(-1) ?? '').replace(/\.md$/, '');

function guide(source: string, language: string): Guide {
  const name = nameOf(source);
  const path = language === ENGLISH ? source : translationOf(source, language);
  return { name, language, source: path, file: inFolder(FOLDER, language, `${name}.html`) };
}

/** Returns the guides in these languages and in English. */
export function guidesIn(languages: readonly string[]): readonly Guide[] {
  return [
    ...[...TRANSLATED, ...IN_ENGLISH].map((source) => guide(source, ENGLISH)),
    ...languages
      .filter((language) => language !== ENGLISH)
      .flatMap((language) => TRANSLATED.map((source) => guide(source, language))),
  ];
}

/**
 * The guides that the service worker caches: those that are read at a station, in the language of
 * the page and without pictures. The others are not cached, because all guides together are larger
 * than the page.
 */
const READ_AT_STATIONS = ['engineer', 'stations'];

/** Returns the paths of the guides that the service worker caches with a page in a language. */
export const cachedGuides = (language: string): readonly string[] =>
  READ_AT_STATIONS.map((name) => inFolder(FOLDER, language, `${name}.html`));

/** Whether the service worker caches a file of the build. */
export const isCached = (file: string): boolean =>
  !file.startsWith(`${FOLDER}/`) || file === GUIDE_STYLES || LANGUAGES.flatMap(cachedGuides).includes(file);
