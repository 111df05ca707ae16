// Bundles in-page.ts into one script for a page.
import { fileURLToPath } from 'node:url';
import { build, type Rolldown } from 'vite';

const ENTRY = fileURLToPath(new URL('./in-page.ts', import.meta.url));

export async function bundleForPage(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      write: false,
      copyPublicDir: false,
      target: 'es2022',
      minify: false,
      rolldownOptions: { input: ENTRY, output: { format: 'iife' } },
    },
  });
  const chunk = ([built].flat()[0] as Rolldown.RolldownOutput).output[0];
  return chunk.code;
}
