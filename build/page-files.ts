// Plugins that complete the folder of a page with the verifier, compressed copies and the hashes of
// all files.
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync, constants as zlib } from 'node:zlib';
import type { Plugin } from 'vite';
import { sha256 } from './hash.ts';

/**
 * Copies the verifier into the page's folder, so that build.json and the service worker list it.
 */
export function addVerifier(environment: string, verifier: string): Plugin {
  return {
    name: 'keyferry:add-verifier',
    apply: 'build',
    applyToEnvironment: ({ name }) => name === environment,
    // Copies the file unchanged, because its policy contains the hash of its script. Runs before
    // sealPage(), which hashes the copy.
    writeBundle: {
      order: 'pre',
      handler: ({ dir = '' }) => copyFileSync(verifier, join(dir, 'verify.html')),
    },
  };
}

/**
 * Writes a compressed .br and .gz copy of each file, and build.json. build.json contains the
 * version, the hash of each file, and one hash over all files, which identifies the build. It also
 * contains the hashes of the inline styles for the Content-Security-Policy.
 */
export function sealPage(environments: readonly string[], version: string): Plugin {
  return {
    name: 'keyferry:seal-page',
    apply: 'build',
    applyToEnvironment: ({ name }) => environments.includes(name),
    writeBundle({ dir = '' }) {
      listFilesInServiceWorker(dir);
      const files = hashFiles(dir);
      const styles: string[] = [];
      for (const name of Object.keys(files)) {
        const path = join(dir, name);
        const bytes = readFileSync(path);
        if (name.endsWith('.html')) {
          for (const [, css = ''] of bytes.toString().matchAll(/<style>([\s\S]*?)<\/style>/g))
            styles.push(`sha256-${sha256(css, 'base64')}`);
        }
        const params = {
          [zlib.BROTLI_PARAM_QUALITY]: zlib.BROTLI_MAX_QUALITY,
          [zlib.BROTLI_PARAM_SIZE_HINT]: bytes.length,
        };
        writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }));
        writeFileSync(`${path}.gz`, gzipSync(bytes, { level: zlib.Z_BEST_COMPRESSION }));
      }
      const list = Object.entries(files).map(([name, hash]) => `${hash}  ${name}\n`);
      const build = { version, hash: sha256(list.join(''), 'hex'), files, styles };
      writeFileSync(join(dir, 'build.json'), `${JSON.stringify(build, null, 2)}\n`);
    },
  };
}

/**
 * Of the guides, the service worker caches the two that are read at a station, without their
 * pictures. All guides together are larger than the page.
 */
const isCached = (file: string): boolean =>
  !file.startsWith('guide/') || /^guide\/(engineer|stations)\.html$|^guide\/guide\.css$/.test(file);

/**
 * Prepends the hashes of the files that it caches to the service worker, so that the service worker is
 * different in each build.
 */
function listFilesInServiceWorker(dir: string): void {
  const name = ['service-worker.js', 'demo-service-worker.js'].find((each) => existsSync(join(dir, each)));
  if (name === undefined) return;
  const path = join(dir, name);
  const files = Object.fromEntries(Object.entries(hashFiles(dir)).filter(([each]) => each !== name && isCached(each)));
  const build = JSON.stringify({ hash: sha256(JSON.stringify(files), 'hex'), files });
  writeFileSync(path, `const KEYFERRY_BUILD = ${build};\n${readFileSync(path, 'utf8')}`);
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
