// Vitest runs every *.test.ts below test/. Its files share one module cache per worker, which
// halves the CPU time; only a file that replaces modules with vi.mock gets a cache of its own.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { findTestFiles, replacesModules } from './test/runner/test-files.ts';
import { OutcomeReporter } from './test/runner/vitest-reporter.ts';

const outcome = process.env.KEYFERRY_OUTCOME;
const isolated = findTestFiles().vitest.filter(replacesModules);

export default defineConfig({
  plugins: [svelte({ configFile: false, compilerOptions: { hmr: false } })],
  // Resolves Svelte to its browser half: in its server half the runes of .svelte.ts files do
  // nothing.
  resolve: { conditions: ['browser'] },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: ['**/node_modules/**', ...isolated],
          isolate: false,
        },
      },
      { extends: true, test: { name: 'isolated', include: isolated } },
    ],
    reporters: outcome === undefined ? ['default'] : [new OutcomeReporter(outcome)],
    maxWorkers: 2,
    // A limit for a test that hangs; a busy machine may take long to bundle the service.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    passWithNoTests: false,
    allowOnly: false,
    restoreMocks: true,
  },
});
