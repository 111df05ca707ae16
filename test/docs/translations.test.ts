// Compares the structure of each translated guide with the English one.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { marked } from 'marked';
import { describe, expect, it } from 'vitest';
import { outdatedDocuments, recordComparison, TRANSLATED, translationOf } from '#build/languages/documents.ts';
import { ENGLISH, LANGUAGES } from '#build/languages/languages.ts';
import { readDocument } from './markdown.ts';

const languages = LANGUAGES.filter((language) => language !== ENGLISH);
const translations = languages.flatMap((language) =>
  TRANSLATED.map((source) => ({ language, source, path: translationOf(source, language) })),
);

/** Returns the parts of a document in their sequence, with what is the same in all languages. */
function structureOf(text: string): readonly string[] {
  const parts: string[] = [];
  marked.walkTokens(marked.lexer(text), (token) => {
    if (token.type === 'heading') parts.push(`heading ${token.depth}`);
    if (token.type === 'list') parts.push(`list of ${token.items.length}`);
    if (token.type === 'code') parts.push(`code ${token.lang}\n${token.text}`);
    if (token.type === 'table') parts.push(`table of ${token.rows.length} by ${token.header.length}`);
    if (token.type === 'image') parts.push(`picture ${token.href}`);
    if (token.type === 'paragraph') parts.push('paragraph');
  });
  return parts;
}

describe.each(translations)('$path', ({ source, path, language }) => {
  it('has the parts of the English document, and the same code', () => {
    expect(structureOf(readDocument(path))).toEqual(structureOf(readDocument(source)));
  });

  it('has Latin digits', () => {
    expect(readDocument(path)).not.toMatch(/(?![0-9])\p{Nd}/u);
  });

  it('links the translated documents in its language', () => {
    const links = [...readDocument(path).matchAll(/\]\(([^)#]+\.md)/g)].map(([, target = '']) =>
      join(dirname(path), target),
    );
    expect(links.filter((target) => TRANSLATED.includes(target))).toEqual([]);
  });

  it('was compared with the English text as it is now; "npm run languages -- --compared FILE" records it', () => {
    expect(outdatedDocuments('.', language)).not.toContain(path);
  });
});

describe('the record of comparisons', () => {
  it('names the translations whose English text has changed', () => {
    const root = mkdtempSync(join(tmpdir(), 'kf-documents-'));
    const write = (path: string, text: string): void => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    };
    const paths = TRANSLATED.map((source) => translationOf(source, 'de'));
    write('docs/guide/compared.json', '{}');
    for (const path of [...TRANSLATED, ...paths]) write(path, `# ${path}\n`);
    expect(outdatedDocuments(root, 'de')).toEqual(paths);
    for (const path of paths) recordComparison(root, path);
    expect(outdatedDocuments(root, 'de')).toEqual([]);
    write('docs/stations.md', '# Another text\n');
    expect(outdatedDocuments(root, 'de')).toEqual(['docs/guide/de/stations.md']);
    rmSync(join(root, 'docs/guide/de/engineer.md'));
    expect(outdatedDocuments(root, 'de')).toEqual(['docs/guide/de/engineer.md', 'docs/guide/de/stations.md']);
    rmSync(root, { recursive: true });
  });

  it('refuses a document that is not a translation', () => {
    for (const path of ['docs/guide/de/firmware.md', 'docs/guide/custody.md']) {
      expect(() => recordComparison('.', path), path).toThrow(RangeError);
    }
  });
});
