// Vitest runs every *.test.ts below test/. The test files of a worker share one module cache, which
// halves the CPU time. Only a file that replaces modules with vi.mock has a cache of its own.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { findTestFiles, replacesModules } from './test/runner/test-files.ts';
import { OutcomeReporter } from './test/runner/vitest-reporter.ts';

const outcome = process.env.KEYFERRY_OUTCOME;
const isolated = findTestFiles().vitest.filter(replacesModules);

export default defineConfig({
  plugins: [svelte({ configFile: false, compilerOptions: { hmr: false } })],
  // Resolves Svelte to its browser build: in the server build, the runes in .svelte.ts files have
  // no effect.
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
    // Four on two cores, because tests of the service wait for the disk.
    maxWorkers: 4,
    // Stops a test that hangs. Long, because a busy machine may need a long time to bundle the
    // service.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    passWithNoTests: false,
    allowOnly: false,
    restoreMocks: true,
  },
});
