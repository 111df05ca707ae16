// The web app manifest in each language: the name and the menu of the installed page.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { type Catalog, type PlacedMessage, translationOf } from './catalog.ts';
import { directionOf, ENGLISH, pageName, readCatalog } from './languages.ts';

/** Path in the repository. */
export const MANIFEST = 'web/public/manifest.json';

interface Manifest {
  readonly description: string;
  readonly shortcuts: readonly { readonly name: string; readonly url: string }[];
}

const placed = (key: string): PlacedMessage => ({ message: { key, form: 'attribute' }, path: MANIFEST });

/** Returns the messages of a manifest: its description, and the names of its shortcuts. */
export function manifestMessages(source: string): readonly PlacedMessage[] {
  const { description, shortcuts } = JSON.parse(source) as Manifest;
  return [description, ...shortcuts.map(({ name }) => name)].map(placed);
}

/** Returns the manifest in a language. Its shortcut leads to the verifier in that language. */
export function translateManifest(source: string, language: string, catalog: Catalog): string {
  const manifest = JSON.parse(source) as Manifest;
  const translated = (key: string): string => {
    const translation = translationOf(catalog, placed(key));
    return typeof translation === 'string' ? translation : key;
  };
  const shortcuts = manifest.shortcuts.map(({ name, url }) => ({
    name: translated(name),
    url: url.endsWith('.html') ? pageName(url, language) : url,
  }));
  const { description } = manifest;
  const changed = { description: translated(description), lang: language, dir: directionOf(language), shortcuts };
  return `${JSON.stringify({ ...manifest, ...changed }, null, 2)}\n`;
}

export interface ManifestOptions {
  /** Environment that builds the page in English, whose folder has the manifest in English. */
  readonly environment: string;
  readonly languages: readonly string[];
  /** Folder of the catalogues. */
  readonly catalogs: string;
}

/** Writes the manifest in each other language beside the one in English. */
export function addManifests({ environment, languages, catalogs }: ManifestOptions): Plugin {
  return {
    name: 'keyferry:add-manifests',
    apply: 'build',
    applyToEnvironment: ({ name }) => name === environment,
    writeBundle: {
      order: 'pre',
      handler({ dir = '' }) {
        const source = readFileSync(join(dir, 'manifest.json'), 'utf8');
        for (const language of languages) {
          if (language === ENGLISH) continue;
          const manifest = translateManifest(source, language, readCatalog(catalogs, language));
          writeFileSync(join(dir, pageName('manifest.json', language)), manifest);
        }
      },
    },
  };
}
