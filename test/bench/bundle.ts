// Bundles a script for a benchmark page in the same way as the product: with Vite, Svelte and
// target es2022.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { build } from 'vite';

/** @param entry path of the script below test/bench */
export async function bundle(entry: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'keyferry-bench-'));
  try {
    await build({
      configFile: false,
      plugins: [svelte({ configFile: false })],
      logLevel: 'error',
      define: { 'process.env.NODE_ENV': '"production"', 'process.env': '{}', global: 'globalThis' },
      build: {
        outDir: folder,
        emptyOutDir: true,
        target: 'es2022',
        rolldownOptions: { input: `test/bench/${entry}`, output: { format: 'iife', entryFileNames: 'page.js' } },
      },
    });
    const script = await readFile(join(folder, 'page.js'), 'utf8');
    // The bundled script starts by adding the stylesheet to the page, because the product also
    // loads its stylesheet before it mounts a component.
    const names = await readdir(folder, { recursive: true });
    const sheets = names.filter((name) => name.endsWith('.css')).map((name) => readFile(join(folder, name), 'utf8'));
    const css = JSON.stringify((await Promise.all(sheets)).join('\n'));
    return `document.head.append(Object.assign(document.createElement('style'), { textContent: ${css} }));\n${script}`;
  } finally {
    await rm(folder, { recursive: true });
  }
}
