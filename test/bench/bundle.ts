// One script of a bench's page, bundled as the product is.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { build } from 'vite';

/** @param entry a file of test/bench */
export async function bundle(entry: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'keyferry-bench-'));
  try {
    await build({
      configFile: false,
      plugins: [svelte({ configFile: false, compilerOptions: { css: 'injected' } })],
      logLevel: 'error',
      define: { 'process.env.NODE_ENV': '"production"', 'process.env': '{}', global: 'globalThis' },
      build: {
        outDir: folder,
        emptyOutDir: true,
        target: 'es2022',
        rolldownOptions: { input: `test/bench/${entry}`, output: { format: 'iife', entryFileNames: 'page.js' } },
      },
    });
    return await readFile(join(folder, 'page.js'), 'utf8');
  } finally {
    await rm(folder, { recursive: true });
  }
}
