// The four builds of one tree: dist/app (the product page), dist/demo (the same page with simulated units), dist/service
// (the AS for Node) and dist/simulator (one script that a test injects into the unchanged product page). `vite` alone serves the
// sources for development. The product build takes index.html as its only entry, so nothing of device-sim can get into it.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync, constants as zlib } from 'node:zlib';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type EnvironmentOptions, type Plugin } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const SERVICE_WORKER = 'web/src/worker/service-worker.ts';

interface Chunking {
  getModuleInfo(id: string): { readonly importedIds: readonly string[] } | null;
}

/** Everything that `roots` import statically, themselves included. */
function closure(chunking: Chunking, roots: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const add = (id: string): void => {
    if (found.has(id)) return;
    found.add(id);
    for (const next of chunking.getModuleInfo(id)?.importedIds ?? []) add(next);
  };
  for (const root of roots) add(here(root));
  return found;
}

/**
 * What the page always loads after its first screen is one chunk. Other screens use parts of it, by which it would otherwise be cut into
 * many small ones that compress badly.
 */
function secondLoad(id: string, chunking: Chunking): string | null {
  if (closure(chunking, ['web/src/main.ts']).has(id)) return null;
  return closure(chunking, ['web/src/state/works.ts', 'web/src/ui/later.ts']).has(id) ? 'station' : null;
}

/** A page in `dist/<folder>`; its assets get a folder of their own, so that both pages can be served from one root. */
const page = (html: string, folder: string, assetsDir: string): EnvironmentOptions => ({
  consumer: 'client',
  build: {
    outDir: here(`dist/${folder}`),
    emptyOutDir: true,
    assetsDir,
    copyPublicDir: folder === 'app',
    target: 'es2022',
    // With light-dark(); an older target has it written out for every token.
    cssTarget: 'chrome123',
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: folder === 'app' ? [here(`web/${html}`), here(SERVICE_WORKER)] : here(`web/${html}`),
      checks: { pluginTimings: false },
      // The service worker is asked for anew each time, by one name, and serves what lies below it.
      output: {
        codeSplitting: { includeDependenciesRecursively: false, groups: [{ name: secondLoad }] },
        entryFileNames: ({ name }) => (name === 'service-worker' ? '[name].js' : `${assetsDir}/[name]-[hash].js`),
      },
    },
  },
});

const script = (input: string, folder: string): EnvironmentOptions => ({
  consumer: 'client',
  build: {
    outDir: here(`dist/${folder}`),
    emptyOutDir: true,
    copyPublicDir: false,
    target: 'es2022',
    rolldownOptions: {
      input: here(input),
      checks: { pluginTimings: false },
      output: { format: 'iife', entryFileNames: '[name].js' },
    },
  },
});

/** Dependencies are bundled: the folder runs with plain `node` wherever it is copied to. */
const node = (folder: string, input: Record<string, string>): EnvironmentOptions => ({
  consumer: 'server',
  resolve: { noExternal: true, external: builtinModules.flatMap((name) => [name, `node:${name}`]) },
  build: {
    outDir: here(`dist/${folder}`),
    emptyOutDir: true,
    copyPublicDir: false,
    ssr: true,
    target: 'node20',
    minify: false,
    rolldownOptions: {
      checks: { pluginTimings: false },
      input: Object.fromEntries(Object.entries(input).map(([name, path]) => [name, here(path)])),
      output: { format: 'esm', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
    },
  },
});

/** Vite's count of styles at the end of a stylesheet. */
const VITE_MARKER = /\/\*\$vite\$:\d+\*\//g;

const isPage = (name: string): boolean => name === 'client' || name === 'demo';
const sha256 = (data: string | Uint8Array, encoding: 'hex' | 'base64'): string =>
  createHash('sha256').update(data).digest(encoding);

/** The page's one stylesheet moves into the page: a linked one would hold back the first paint for another round trip. */
function inlineStylesheet(): Plugin {
  return {
    name: 'keyferry:inline-stylesheet',
    apply: 'build',
    enforce: 'post',
    applyToEnvironment: (environment) => isPage(environment.name),
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        for (const html of Object.values(bundle)) {
          if (html.type !== 'asset' || !html.fileName.endsWith('.html')) continue;
          html.source = String(html.source).replace(/<link rel="stylesheet"[^>]*href="\/([^"]+)"[^>]*>/g, (_, file) => {
            const css = bundle[file];
            if (css?.type !== 'asset') throw new Error(`${html.fileName} links ${file}, which is not in the bundle`);
            delete bundle[file];
            return `<style>${String(css.source).replace(VITE_MARKER, '').trim()}</style>`;
          });
        }
      },
    },
  };
}

/**
 * Beside each file of a page its .br and .gz, and build.json: the hash of every file, the one hash over them all by which a
 * station names its build, and the hashes of the inline styles, which the server's Content-Security-Policy needs.
 */
function sealPage(): Plugin {
  return {
    name: 'keyferry:seal-page',
    apply: 'build',
    applyToEnvironment: (environment) => isPage(environment.name),
    writeBundle(options) {
      const folder = options.dir ?? '';
      armServiceWorker(folder);
      const files: Record<string, string> = {};
      const styles: string[] = [];
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const path = join(entry.parentPath, entry.name);
        const bytes = readFileSync(path);
        files[path.slice(folder.length + 1).replaceAll('\\', '/')] = sha256(bytes, 'hex');
        if (entry.name.endsWith('.html')) {
          for (const [, css = ''] of bytes.toString().matchAll(/<style>([\s\S]*?)<\/style>/g)) {
            styles.push(`sha256-${sha256(css, 'base64')}`);
          }
        }
        const params = {
          [zlib.BROTLI_PARAM_QUALITY]: zlib.BROTLI_MAX_QUALITY,
          [zlib.BROTLI_PARAM_SIZE_HINT]: bytes.length,
        };
        writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }));
        writeFileSync(`${path}.gz`, gzipSync(bytes, { level: zlib.Z_BEST_COMPRESSION }));
      }
      const sorted = Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
      const list = Object.entries(sorted).map(([name, hash]) => `${hash}  ${name}\n`);
      const { version } = JSON.parse(readFileSync(here('package.json'), 'utf8')) as { version: string };
      const build = { version, hash: sha256(list.join(''), 'hex'), files: sorted, styles };
      writeFileSync(join(folder, 'build.json'), `${JSON.stringify(build, null, 2)}\n`);
    },
  };
}

/** In front of the service worker stand the hashes of all files that it has to keep: another build is another service worker. */
function armServiceWorker(folder: string): void {
  const path = join(folder, 'service-worker.js');
  if (!existsSync(path)) return;
  const files: Record<string, string> = {};
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name === 'service-worker.js') continue;
    const file = join(entry.parentPath, entry.name);
    files[file.slice(folder.length + 1).replaceAll('\\', '/')] = sha256(readFileSync(file), 'hex');
  }
  const sorted = Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
  const build = JSON.stringify({ hash: sha256(JSON.stringify(sorted), 'hex'), files: sorted });
  writeFileSync(path, `const KEYFERRY_BUILD = ${build};\n${readFileSync(path, 'utf8')}`);
}

export default defineConfig({
  root: here('web'),
  logLevel: 'warn',
  plugins: [svelte({ configFile: false }), inlineStylesheet(), sealPage()],
  server: { port: 5173, strictPort: true, proxy: { '/v1': 'http://127.0.0.1:8787' } },
  environments: {
    client: page('index.html', 'app', 'assets'),
    demo: page('demo.html', 'demo', 'demo-assets'),
    simulator: script('device-sim/install.ts', 'simulator'),
    service: node('service', { serve: 'as-service/serve.ts', cli: 'as-service/cli.ts' }),
  },
  builder: {
    async buildApp(builder) {
      for (const name of ['client', 'demo', 'simulator', 'service']) {
        const environment = builder.environments[name];
        if (environment) await builder.build(environment);
      }
    },
  },
});
