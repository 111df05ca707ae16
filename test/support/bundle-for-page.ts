// Bundles a module into one script for a page.
import { fileURLToPath } from 'node:url';
import { build, type Rolldown } from 'vite';

/** @param entry address of the module, as `new URL('./in-page.ts', import.meta.url)` gives it */
export async function bundleForPage(entry: URL): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      write: false,
      copyPublicDir: false,
      target: 'es2022',
      minify: false,
      rolldownOptions: { input: fileURLToPath(entry), output: { format: 'iife' } },
    },
  });
  const chunk = ([built].flat()[0] as Rolldown.RolldownOutput).output[0];
  return chunk.code;
}
