// Plugins that complete the folder of a page with the verifier, compressed copies and the hashes of
// all files.
import { appendFileSync, copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzipSync, constants as zlib } from 'node:zlib';
import type { Plugin } from 'vite';
import { cachedGuides, isCached } from './guide/guides.ts';
import { sha256 } from './hash.ts';
import { environmentName } from './languages/environments.ts';
import { ENGLISH, pageName } from './languages/languages.ts';

/**
 * Copies the pages that are one file, from the folders of their builds into the page's folder, so that
 * build.json and the service worker list them.
 */
export function addSingles(environment: string, folders: readonly string[]): Plugin {
  return {
    name: 'keyferry:add-singles',
    apply: 'build',
    applyToEnvironment: ({ name }) => name === environment,
    // Copies each file unchanged, because its policy contains the hash of its script. Runs before
    // sealPage(), which hashes the copy.
    writeBundle: {
      order: 'pre',
      handler({ dir = '' }) {
        for (const folder of folders) {
          for (const name of readdirSync(folder)) copyFileSync(join(folder, name), join(dir, name));
        }
      },
    },
  };
}

/** Files that compression does not make smaller. */
const COMPRESSED = /\.(png|webp)$/;

export interface SealOptions {
  /** Environments of the pages in English. */
  readonly pages: readonly string[];
  readonly languages: readonly string[];
  /** Folder with the list of the files of each page (build/languages/plugins.ts). */
  readonly lists: string;
  readonly version: string;
  /** Returns the headers with which the service sends a file. */
  readonly headersOf: HeadersOf;
}

/**
 * Writes build.json (demo-build.json for the demo) once a page is built in all languages. Also
 * writes a compressed .br and .gz copy of each other file. build.json contains the version, the
 * hash of each file, one hash that identifies the build, and the hashes of the inline styles for
 * the Content-Security-Policy.
 */
export function sealPage({ pages, languages, lists, version, headersOf }: SealOptions): Plugin {
  const last = languages.at(-1) ?? ENGLISH;
  return {
    name: 'keyferry:seal-page',
    apply: 'build',
    applyToEnvironment: ({ name }) => pages.some((page) => name === environmentName(page, last)),
    async writeBundle({ dir = '' }) {
      const [page = ''] = this.environment.name.split('_');
      const languageFiles = partsOf(page, languages, lists);
      const { hash, workerCode, list } = nameBuild(dir, version, headersOf, languageFiles);
      const files = hashFiles(dir);
      const styles: string[] = [];
      const compressed: Promise<void>[] = [];
      for (const name of Object.keys(files)) {
        const path = join(dir, name);
        const bytes = readFileSync(path);
        if (name.endsWith('.html')) {
          for (const [, css = ''] of bytes.toString().matchAll(/<style>([\s\S]*?)<\/style>/g))
            styles.push(`sha256-${sha256(css, 'base64')}`);
        }
        if (!COMPRESSED.test(name)) compressed.push(compress(path, bytes));
      }
      await Promise.all(compressed);
      const build = { version, hash, workerCode, files, styles: [...new Set(styles)] };
      writeFileSync(join(dir, list), `${JSON.stringify(build, null, 2)}\n`);
    },
  };
}

const brotli = promisify(brotliCompress);

/** Brotli runs in the threads of Node, because it takes a quarter of the time of the build. */
async function compress(path: string, bytes: Uint8Array): Promise<void> {
  const params = { [zlib.BROTLI_PARAM_QUALITY]: zlib.BROTLI_MAX_QUALITY, [zlib.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  writeFileSync(`${path}.br`, await brotli(bytes, { params }));
  writeFileSync(`${path}.gz`, gzip(bytes));
}

/** Byte of a gzip header (RFC 1952 clause 2.3.1) that names the operating system, and its value "unknown". */
const [GZIP_OS, UNKNOWN_OS] = [9, 255];

/** Compresses a file to the same bytes on every operating system. */
function gzip(content: Uint8Array): Uint8Array {
  const compressed = gzipSync(content, { level: zlib.Z_BEST_COMPRESSION });
  compressed[GZIP_OS] = UNKNOWN_OS;
  return compressed;
}

type HeadersOf = (file: { readonly path: string; readonly html?: string | undefined }) => object;

/** Files of each language that are in the list of no page: the pages of one file, and the manifest. */
const SINGLES = ['verify.html', 'label.html', 'manifest.json'];
/** For each language, the files that are not common to all languages. */
type Parts = Readonly<Record<string, readonly string[]>>;

/**
 * Returns, for each language, the files that are not common to all languages. Empty for a build in
 * one language.
 */
function partsOf(page: string, languages: readonly string[], lists: string): Parts {
  if (languages.length === 1) return {};
  const filesOf = languages.map((language) => {
    const path = join(lists, `${environmentName(page, language)}.json`);
    return [
      ...(JSON.parse(readFileSync(path, 'utf8')) as string[]),
      ...SINGLES.map((single) => pageName(single, language)),
      ...cachedGuides(language),
    ];
  });
  const isShared = (file: string): boolean => filesOf.every((files) => files.includes(file) || isWorker(file));
  return Object.fromEntries(
    languages.map((language, index) => [language, (filesOf[index] ?? []).filter((file) => !isShared(file))]),
  );
}

const isWorker = (file: string): boolean => file.endsWith('service-worker.js');

interface BuildName {
  readonly hash: string;
  /** SHA-256 of the service worker without its first line, in hex; undefined without a service worker. */
  readonly workerCode: string | undefined;
  readonly list: (typeof LISTS)[keyof typeof LISTS];
}

/**
 * Key: name of a service worker. Value: name of the list of its build. The names differ, because a
 * server may have the files of both builds in one folder.
 */
const LISTS = { 'service-worker.js': 'build.json', 'demo-service-worker.js': 'demo-build.json' } as const;

const WORKERS = Object.keys(LISTS) as (keyof typeof LISTS)[];

/**
 * Prepends a line to the service worker, so that the file is different in each build. The line
 * contains the version, the hash of the build, and the hashes of the files that the service worker
 * caches. Returns the hash of the build, which covers all files, and the service worker without
 * that line (protocol/release/build-files.ts). The service worker caches each file with its
 * headers. Other headers make another build, so the last line of the service worker contains the
 * hash of the headers.
 */
function nameBuild(dir: string, version: string, headersOf: HeadersOf, languages: Parts): BuildName {
  const worker = WORKERS.find((name) => existsSync(join(dir, name)));
  if (worker !== undefined) {
    const headers = Object.keys(hashFiles(dir)).map((path) =>
      headersOf({ path, html: path.endsWith('.html') ? readFileSync(join(dir, path), 'utf8') : undefined }),
    );
    appendFileSync(join(dir, worker), `\n// Headers: ${sha256(JSON.stringify(headers), 'hex')}\n`);
  }
  const all = hashFiles(dir);
  const lines = Object.entries(all).map(([name, each]) => `${each}  ${name}\n`);
  const hash = sha256(lines.join(''), 'hex');
  if (worker === undefined) return { hash, workerCode: undefined, list: 'build.json' };
  const files = Object.fromEntries(Object.entries(all).filter(([name]) => name !== worker && isCached(name)));
  const path = join(dir, worker);
  const build = JSON.stringify({ version, hash, files, ...(Object.keys(languages).length > 0 ? { languages } : {}) });
  writeFileSync(path, `const KEYFERRY_BUILD = ${build};\n${readFileSync(path, 'utf8')}`);
  return { hash, workerCode: all[worker], list: LISTS[worker] };
}

/**
 * Returns the SHA-256 of every file below `dir`, in hex. The keys are relative paths with slashes,
 * in the order of the paths.
 */
function hashFiles(dir: string): Readonly<Record<string, string>> {
  const paths = readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort((a, b) => (a < b ? -1 : 1));
  return Object.fromEntries(
    paths.map((path) => [path.slice(dir.length + 1).replaceAll('\\', '/'), sha256(readFileSync(path), 'hex')]),
  );
}
