// The five builds of one tree: dist/verify (the verifier of reports, one file, which is part of the product page too), dist/app (the
// product page), dist/demo (the same page with simulated units), dist/service (the AS for Node) and dist/simulator (one script that a
// test injects into the unchanged product page). `vite` alone serves the
// sources for development. The product build takes index.html as its only entry, so nothing of device-sim can get into it.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync, constants as zlib } from 'node:zlib';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { type BuildEnvironmentOptions, defineConfig, type EnvironmentOptions, type Plugin } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const SERVICE_WORKER = 'web/src/browser/service-worker.ts';

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

/** Of Svelte's own files those that the screens of work orders alone need. */
const FIELDS = /svelte.src.internal.client.dom.elements.(style|bindings.(input|size))\.js$/;

/** What all later parts need is no part of its own: neither how they bring their styles, nor what drives links of both kinds. */
const SECOND = [
  'web/src/ui/later.ts',
  'web/src/ui/common/adopt.ts',
  'protocol/framing/connect.ts',
  'web/src/transport/pending-read.ts',
];

/**
 * What the first screen needs is one chunk, and what the page always loads after it is another. Later parts use pieces of both, by which
 * they would otherwise be cut into many small ones that compress badly.
 */
function load(id: string, chunking: Chunking, folder: string): string | null {
  // The demo begins it when its units are there: in a part with others it would begin with them.
  if (folder === 'demo' && id === here('web/src/main.ts')) return null;
  if (FIELDS.test(id)) return 'fields';
  if (closure(chunking, ['web/src/main.ts']).has(id)) return 'first';
  return closure(chunking, SECOND).has(id) ? 'station' : null;
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
    // Each later part is one file, and what it uses is there already.
    modulePreload: false,
    rolldownOptions: {
      input: folder === 'app' ? [here(`web/${html}`), here(SERVICE_WORKER)] : here(`web/${html}`),
      checks: { pluginTimings: false },
      optimization: { inlineConst: { mode: 'all', pass: 3 } },
      // Its package does not say so itself. Of its files only the flags of older components have effects, and there are none.
      treeshake: {
        moduleSideEffects: [{ test: /node_modules.svelte./, sideEffects: false }],
      },
      // The service worker is asked for anew each time, by one name, and serves what lies below it.
      output: {
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [{ name: (id, chunking) => load(id, chunking, folder) }],
        },
        entryFileNames: ({ name }) => (name === 'service-worker' ? '[name].js' : `${assetsDir}/[name]-[hash].js`),
      },
    },
  },
});

/** One file of the browser's, in a folder of its own. */
const alone = (folder: string, build: BuildEnvironmentOptions): EnvironmentOptions => ({
  consumer: 'client',
  build: { outDir: here(`dist/${folder}`), emptyOutDir: true, copyPublicDir: false, target: 'es2022', ...build },
});

/** A page that is one file, whatever it imports. */
const single = (html: string, folder: string): EnvironmentOptions =>
  alone(folder, {
    cssTarget: 'chrome123',
    cssCodeSplit: false,
    modulePreload: false,
    rolldownOptions: {
      input: here(`web/${html}`),
      checks: { pluginTimings: false },
      treeshake: { moduleSideEffects: [{ test: /node_modules.svelte./, sideEffects: false }] },
      output: { codeSplitting: false },
    },
  });

const script = (input: string, folder: string): EnvironmentOptions =>
  alone(folder, {
    rolldownOptions: {
      input: here(input),
      checks: { pluginTimings: false },
      output: { format: 'iife', entryFileNames: '[name].js' },
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
const hasPage = (name: string): boolean => isPage(name) || name === 'verify';
const sha256 = (data: string | Uint8Array, encoding: 'hex' | 'base64'): string =>
  createHash('sha256').update(data).digest(encoding);

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly callee?: { readonly name?: string };
  readonly arguments?: readonly Node[];
}

/** Every node below `node`, itself included. */
function* nodes(node: unknown): Generator<Node> {
  if (typeof node !== 'object' || node === null) return;
  if ('type' in node) yield node as Node;
  for (const child of Object.values(node)) yield* nodes(child);
}

/** What a ProtocolError says to developers stays in the sources: the page words its code, and shows and sends nothing else of it. */
function dropMessages(): Plugin {
  return {
    name: 'keyferry:drop-messages',
    apply: 'build',
    enforce: 'pre',
    applyToEnvironment: (environment) => isPage(environment.name),
    transform: {
      filter: { id: /\.ts$/, code: 'new ProtocolError(' },
      handler(code) {
        const messages = [...nodes(this.parse(code, { lang: 'ts' }))]
          .filter(({ type, callee }) => type === 'NewExpression' && callee?.name === 'ProtocolError')
          .flatMap(({ arguments: [, message] = [] }) => message ?? [])
          .filter(({ type }) => type === 'Literal' || type === 'TemplateLiteral');
        let short = code;
        for (const { start, end } of messages.reverse()) short = `${short.slice(0, start)}''${short.slice(end)}`;
        return { code: short, map: null };
      },
    },
  };
}

/** Vite wraps each dynamic import in a loader of what it needs beside it. Here it needs nothing beside it. */
function plainImports(): Plugin {
  return {
    name: 'keyferry:plain-imports',
    apply: 'build',
    enforce: 'pre',
    load: {
      filter: { id: /vite.preload-helper/ },
      handler: () => 'export const __vitePreload = (load) => load();',
    },
  };
}

/** The page's one stylesheet moves into the page: a linked one would hold back the first paint for another round trip. */
function inlineStylesheet(): Plugin {
  return {
    name: 'keyferry:inline-stylesheet',
    apply: 'build',
    enforce: 'post',
    applyToEnvironment: (environment) => hasPage(environment.name),
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
          html.source = html.source.replace(/>\s+</g, '><');
        }
      },
    },
  };
}

/**
 * The verifier's script moves into the page too, and a policy that knows the two and allows nothing else: so it is one file that anybody
 * can save, hand on and open from a folder.
 */
function inlineScript(): Plugin {
  return {
    name: 'keyferry:inline-script',
    apply: 'build',
    enforce: 'post',
    applyToEnvironment: ({ name }) => name === 'verify',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const files = Object.values(bundle);
        const html = files.find(({ fileName }) => fileName.endsWith('.html'));
        const entry = files.find((file) => file.type === 'chunk');
        if (html?.type !== 'asset' || entry?.type !== 'chunk' || files.length !== 2)
          throw new Error(`the verifier is not one page and one script: ${files.map(({ fileName }) => fileName)}`);
        const code = entry.code.trim().replaceAll('</script', '<\\/script');
        const source = String(html.source);
        const [, css = ''] = /<style>([\s\S]*?)<\/style>/.exec(source) ?? [];
        const policy = [
          "default-src 'none'",
          `script-src 'sha256-${sha256(code, 'base64')}'`,
          `style-src 'sha256-${sha256(css, 'base64')}'`,
          "base-uri 'none'",
          "form-action 'none'",
          "require-trusted-types-for 'script'",
          'trusted-types svelte-trusted-html',
        ].join('; ');
        html.source = source
          .replace(/\s*<script[^>]*><\/script>/, '')
          .replace('<meta charset="utf-8">', `$&\n    <meta http-equiv="Content-Security-Policy" content="${policy}">`)
          .replace('</body>', () => `  <script type="module">${code}</script>\n  </body>`);
        delete bundle[entry.fileName];
      },
    },
  };
}

/** The verifier is a file of the product page: its hash is one of the build's, and a station without a network has it. */
function addVerifier(): Plugin {
  return {
    name: 'keyferry:add-verifier',
    apply: 'build',
    applyToEnvironment: ({ name }) => name === 'client',
    // Octet for octet, since its policy names its script by hash; before the page is sealed.
    writeBundle: {
      order: 'pre',
      handler: ({ dir = '' }) => copyFileSync(here('dist/verify/verify.html'), join(dir, 'verify.html')),
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
  plugins: [
    svelte({
      configFile: false,
      compilerOptions: { runes: true, cssHash: ({ hash, css }) => `s${hash(css).slice(0, 3)}` },
    }),
    plainImports(),
    dropMessages(),
    inlineStylesheet(),
    inlineScript(),
    addVerifier(),
    sealPage(),
  ],
  server: { port: 5173, strictPort: true, proxy: { '/v1': 'http://127.0.0.1:8787' } },
  environments: {
    verify: single('verify.html', 'verify'),
    client: page('index.html', 'app', 'assets'),
    demo: page('demo.html', 'demo', 'demo-assets'),
    simulator: script('device-sim/setup/install.ts', 'simulator'),
    service: node('service', { serve: 'as-service/bin/serve.ts', cli: 'as-service/bin/cli.ts' }),
  },
  builder: {
    async buildApp(builder) {
      for (const name of ['verify', 'client', 'demo', 'simulator', 'service']) {
        const environment = builder.environments[name];
        if (environment) await builder.build(environment);
      }
    },
  },
});
