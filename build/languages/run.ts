// Compares the catalogues with the sources, and the translated guides with the English ones. Usage:
//   npm run languages
//   npm run languages -- --add
//   npm run languages -- --compared FILE
//   npm run languages -- --pseudo FOLDER
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Catalog, checkCatalog, type Findings, withMissing } from './catalog.ts';
import { outdatedDocuments, recordComparison } from './documents.ts';
import { ENGLISH, LANGUAGES, readCatalog } from './languages.ts';
import { pseudoCatalog } from './pseudo.ts';
import { readMessages } from './sources.ts';

const USAGE = `Usage:
  npm run languages                     lists what is missing, unknown or wrong in web/languages, and each
                                        translated guide whose English text has changed
  npm run languages -- --add            adds each missing message with an empty translation
  npm run languages -- --compared FILE  records that a guide, for example docs/guide/de/engineer.md, was
                                        compared with the English text as it is now
  npm run languages -- --pseudo FOLDER  writes catalogues for tests, with accents and 40 % longer`;

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = join(ROOT, 'web/languages');
const translated = LANGUAGES.filter((language) => language !== ENGLISH);

function write(folder: string, language: string, catalog: Catalog): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${language}.json`), `${JSON.stringify(catalog, null, 2)}\n`);
}

function report(language: string, { missing, unknown, mismatched }: Findings, count: number): readonly string[] {
  const list = (title: string, lines: readonly string[]): readonly string[] =>
    lines.map((line) => `  ${title}  ${JSON.stringify(line)}`);
  return [
    `${language}: ${count - missing.size} of ${count} messages`,
    ...list('missing', [...missing.keys()]),
    ...list('unknown', unknown),
    ...list('wrong', mismatched),
  ];
}

function main(): void {
  const { values } = parseArgs({
    options: {
      add: { type: 'boolean' },
      compared: { type: 'string', multiple: true },
      pseudo: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  if (values.compared !== undefined) {
    for (const path of values.compared) recordComparison(ROOT, path);
    return;
  }
  const messages = readMessages(ROOT);
  const count = new Set(messages.map(({ message }) => message.key)).size;
  for (const language of translated) {
    if (values.pseudo !== undefined) {
      write(values.pseudo, language, pseudoCatalog(messages, language));
      continue;
    }
    const catalog = readCatalog(FOLDER, language);
    const findings = checkCatalog(catalog, language, messages);
    if (values.add) write(FOLDER, language, withMissing(catalog, language, findings));
    const outdated = outdatedDocuments(ROOT, language);
    const guides = outdated.map((path) => `  compare with the English text  ${path}`);
    console.log([...report(language, findings, count), ...guides].join('\n'));
    if (outdated.length > 0 || findings.missing.size + findings.unknown.length + findings.mismatched.length > 0)
      process.exitCode = 1;
  }
}

main();
