// Vite environments for each kind of build output: a page with lazily loaded chunks, a page whose
// script is one chunk, a classic script, and programs for Node.
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuildEnvironmentOptions, EnvironmentOptions } from 'vite';

/** Converts a path in the repository to an absolute path. */
export const here = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Returns the absolute path of a file of the builds. A test may build into another folder. */
export const built = (path: string): string => join(process.env.KEYFERRY_DIST ?? here('dist'), path);

/**
 * The oldest Chrome with light-dark(). For an older target the CSS compiler would expand each
 * colour token.
 */
const CSS_TARGET = 'chrome123';

interface PageOptions {
  /** Entry files. */
  readonly input: readonly string[];
  readonly assetsDir: string;
  readonly copyPublicDir: boolean;
  /**
   * Patterns of module paths, by chunk name. A chunk contains the modules that match its pattern
   * and all modules that they import statically.
   */
  readonly chunks: Readonly<Record<string, RegExp>>;
}

/**
 * Builds a page into `dist/<folder>`. Each page has its own assets folder, so that one server root
 * can serve several pages.
 */
export function page(folder: string, { input, assetsDir, copyPublicDir, chunks }: PageOptions): EnvironmentOptions {
  // Earlier groups have a higher priority, so a module that two chunks import goes into the first
  // of them.
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
    // A lazily loaded chunk imports only chunks that are already loaded, so preloading would add
    // code and save no time.
    modulePreload: false,
    rolldownOptions: {
      input: input.map(here),
      checks: { pluginTimings: false },
      output: {
        codeSplitting: { groups },
        // The browser requests a service worker by a fixed name, so the file name has no hash.
        // The file is in the root folder, because the scope of a service worker is its folder.
        entryFileNames: ({ name }) => (name.endsWith('service-worker') ? '[name].js' : `${assetsDir}/[name]-[hash].js`),
      },
    },
  });
}

/** Builds a page whose script is one chunk. */
export const single = (html: string, folder: string): EnvironmentOptions =>
  browser(folder, {
    cssTarget: CSS_TARGET,
    modulePreload: false,
    rolldownOptions: { input: here(html), checks: { pluginTimings: false }, output: { codeSplitting: false } },
  });

/** Builds a classic script in one file. */
export const script = (input: string, folder: string): EnvironmentOptions =>
  browser(folder, {
    rolldownOptions: {
      input: here(input),
      checks: { pluginTimings: false },
      output: { format: 'iife', entryFileNames: '[name].js' },
    },
  });

/**
 * Builds programs for Node with all dependencies bundled, so that plain `node` runs them without
 * node_modules.
 */
export const node = (folder: string, input: Readonly<Record<string, string>>): EnvironmentOptions => ({
  consumer: 'server',
  resolve: { noExternal: true, external: builtinModules.flatMap((name) => [name, `node:${name}`]) },
  build: {
    outDir: built(folder),
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
  build: { outDir: built(folder), emptyOutDir: true, copyPublicDir: false, target: 'es2022', ...build },
});
