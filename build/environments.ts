// The kinds of build output: a page with lazily loaded chunks, a page in one file, a script, and a program for Node.
import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { BuildEnvironmentOptions, EnvironmentOptions } from 'vite';

/** An absolute path from a path in the repository. */
export const here = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** The oldest Chrome with light-dark(); for an older one the compiler would expand each colour token. */
const CSS_TARGET = 'chrome123';

interface PageOptions {
  /** Entry files. */
  readonly input: readonly string[];
  readonly assetsDir: string;
  readonly copyPublicDir: boolean;
  /** Chunks by name: each contains the matching modules and everything that they import statically. */
  readonly chunks: Readonly<Record<string, RegExp>>;
}

/** A page in `dist/<folder>`. Each page has its own assets folder, so that one server root can serve both. */
export function page(folder: string, { input, assetsDir, copyPublicDir, chunks }: PageOptions): EnvironmentOptions {
  // A module that two chunks import belongs to the first of them.
  const groups = Object.entries(chunks).map(([name, test], index, { length }) => ({
    name,
    test,
    priority: length - index,
  }));
  return browser(folder, {
    assetsDir,
    copyPublicDir,
    cssTarget: CSS_TARGET,
    assetsInlineLimit: 0,
    // A lazily loaded chunk imports only chunks that are loaded already, so preloading would add code and save no time.
    modulePreload: false,
    rolldownOptions: {
      input: input.map(here),
      checks: { pluginTimings: false },
      output: {
        codeSplitting: { groups },
        // The browser requests the service worker by a fixed name, and its folder is its scope.
        entryFileNames: ({ name }) => (name === 'service-worker' ? '[name].js' : `${assetsDir}/[name]-[hash].js`),
      },
    },
  });
}

/** A page whose script is one chunk. */
export const single = (html: string, folder: string): EnvironmentOptions =>
  browser(folder, {
    cssTarget: CSS_TARGET,
    modulePreload: false,
    rolldownOptions: { input: here(html), checks: { pluginTimings: false }, output: { codeSplitting: false } },
  });

/** A classic script in one file. */
export const script = (input: string, folder: string): EnvironmentOptions =>
  browser(folder, {
    rolldownOptions: {
      input: here(input),
      checks: { pluginTimings: false },
      output: { format: 'iife', entryFileNames: '[name].js' },
    },
  });

/** Programs for Node with all dependencies bundled, so that the folder runs with plain `node` anywhere. */
export const node = (folder: string, input: Readonly<Record<string, string>>): EnvironmentOptions => ({
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

const browser = (folder: string, build: BuildEnvironmentOptions): EnvironmentOptions => ({
  consumer: 'client',
  build: { outDir: here(`dist/${folder}`), emptyOutDir: true, copyPublicDir: false, target: 'es2022', ...build },
});
