// Plugins that build the pages in each language.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Plugin } from 'vite';
import type { Catalog } from './catalog.ts';
import { languageOf } from './environments.ts';
import { htmlFiles } from './html-files.ts';
import { directionOf, ENGLISH, languageName, pageName, readCatalog } from './languages.ts';
import { HAS_MESSAGES } from './sources.ts';
import { translate } from './translate.ts';

export interface TranslateOptions {
  /** The repository. */
  readonly root: string;
  /** Folder of the catalogues. */
  readonly catalogs: string;
}

/** Replaces the messages of each source file before any other plugin reads it. */
export function translateSources({ root, catalogs }: TranslateOptions): Plugin {
  const read = new Map<string, Catalog>();
  const catalogOf = (language: string): Catalog | undefined => {
    if (language === ENGLISH) return undefined;
    const catalog = read.get(language) ?? readCatalog(catalogs, language);
    read.set(language, catalog);
    return catalog;
  };
  return {
    name: 'keyferry:translate',
    enforce: 'pre',
    transform: {
      filter: { id: HAS_MESSAGES },
      handler(source, id) {
        const language = languageOf(this.environment.name);
        const path = relative(root, id).replaceAll('\\', '/');
        const code = translate(source, path, catalogOf(language));
        if (code === source && language === ENGLISH) return undefined;
        const html = `<html lang="${language}" dir="${directionOf(language)}">`;
        return { code: path.endsWith('.html') ? code.replace('<html lang="en">', html) : code, map: null };
      },
    },
  };
}

/**
 * Pages without the script that chooses the language. They open in the language of the page that
 * links to them. Readers also save the verifier as a file and pass it on.
 */
const HAS_NO_CHOOSER = new Set(['verify.html', 'label.html']);

export interface PageOptions {
  readonly languages: readonly string[];
  readonly environments: readonly string[];
  /** Folder for the list of the files of each page. */
  readonly lists: string;
  /**
   * The built script that opens the page in the language of the operator; undefined if only one
   * language is built.
   */
  readonly chooser: string | undefined;
}

/** Matches the empty element that receives the links to the other languages. */
const LINKS = /(<nav class="stuck languages"[^>]*>)<\/nav>/;

/**
 * Returns the links to a page in each other language. The query makes the script that chooses the language
 * store the choice (web/src/choose-language.ts).
 */
function linksTo(page: string, languages: readonly string[], current: string): string {
  const links = languages
    .filter((language) => language !== current)
    .map((language) => {
      const href = `${pageName(page, language)}?language=${language}`;
      return `<a href="${href}" lang="${language}">${languageName(language)}</a>`;
    });
  return links.join('');
}

/**
 * Names each page after its language, lists the files that it loads, and adds the links to the other
 * languages. Inlines the script that chooses the language, because a linked script would delay the first
 * paint by a round trip. This script is the first of the page, and not a module, so it runs before the
 * page starts.
 */
export function namePages({ languages, environments, lists, chooser }: PageOptions): Plugin {
  return {
    name: 'keyferry:name-pages',
    apply: 'build',
    enforce: 'post',
    applyToEnvironment: ({ name }) => environments.includes(name),
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const language = languageOf(this.environment.name);
        for (const html of htmlFiles(bundle)) {
          const page = html.fileName;
          const links = languages.length > 1 ? `$1${linksTo(page, languages, language)}</nav>` : '';
          let source = String(html.source)
            .replace(LINKS, links)
            .replace('manifest.json', pageName('manifest.json', language));
          if (chooser !== undefined && !HAS_NO_CHOOSER.has(page)) {
            const script = `<script data-page="${page}">${readFileSync(chooser, 'utf8').trim()}</script>`;
            source = source.replace('<script', () => `${script}<script`);
          }
          delete bundle[page];
          this.emitFile({ type: 'asset', fileName: pageName(page, language), source });
        }
      },
    },
    writeBundle: {
      order: 'pre',
      handler(_options, bundle) {
        mkdirSync(lists, { recursive: true });
        writeFileSync(join(lists, `${this.environment.name}.json`), JSON.stringify(Object.keys(bundle)));
      },
    },
  };
}
