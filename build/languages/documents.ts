// The documents that are translated, and the English text that each translation was compared with.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENGLISH, LANGUAGES } from './languages.ts';

/** Folder of the guides. It has a folder for each language but English. */
export const GUIDES = 'docs/guide';

/** The documents for people at a station, for custodians and for auditors. */
export const TRANSLATED: readonly string[] = [
  `${GUIDES}/README.md`,
  `${GUIDES}/engineer.md`,
  `${GUIDES}/custody.md`,
  'docs/stations.md',
];

/** The languages of translations. */
const OTHERS = LANGUAGES.filter((language) => language !== ENGLISH);

/** For each translation, the hash of the English text that a translator compared it with. */
const COMPARED = `${GUIDES}/compared.json`;
const HASH_DIGITS = 16;

/** Returns a path in the folder of a language. English is in the folder itself. */
export const inFolder = (folder: string, language: string, path: string): string =>
  [folder, ...(language === ENGLISH ? [] : [language]), path].join('/');

/** Returns the path of the translation of an English document. */
export const translationOf = (source: string, language: string): string =>
  inFolder(GUIDES, language, source.split('/').at(-1) ?? '');

type Compared = Readonly<Record<string, string>>;

const hashOf = (root: string, source: string): string =>
  createHash('sha256')
    .update(readFileSync(join(root, source)))
    .digest('hex')
    .slice(0, HASH_DIGITS);

const readCompared = (root: string): Compared => JSON.parse(readFileSync(join(root, COMPARED), 'utf8')) as Compared;

/** Returns the translations in a language that do not exist, or whose English text has changed since. */
export function outdatedDocuments(root: string, language: string): readonly string[] {
  const compared = readCompared(root);
  return TRANSLATED.flatMap((source) => {
    const path = translationOf(source, language);
    const isCurrent = existsSync(join(root, path)) && compared[path] === hashOf(root, source);
    return isCurrent ? [] : [path];
  });
}

/**
 * Records that a translation was compared with the English text as it is now.
 * @throws RangeError if no translation has this path
 */
export function recordComparison(root: string, path: string): void {
  const source = TRANSLATED.find((each) => OTHERS.some((language) => translationOf(each, language) === path));
  if (source === undefined) throw new RangeError(`${path} is not a translation`);
  const compared = Object.entries({ ...readCompared(root), [path]: hashOf(root, source) });
  const sorted = compared.sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(join(root, COMPARED), `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
}
