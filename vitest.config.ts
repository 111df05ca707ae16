// Every *.test.ts under test/ but the benches; test/e2e belongs to Playwright. `npm run check` leaves out what takes long: real
// processes, the service on a real disk, the many tries of the negative, contract, property and order tests.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { configDefaults, defineConfig } from 'vitest/config';
import { OutcomeReporter } from './test/support/vitest-reporter.ts';

const outcome = process.env.KEYFERRY_OUTCOME;
const slow =
  process.env.KEYFERRY_QUICK === '1'
    ? ['process', 'service', 'negative', 'contract', 'property', 'unit/orders-page'].map((part) => `test/${part}/**`)
    : [];

export default defineConfig({
  plugins: [svelte({ configFile: false, compilerOptions: { hmr: false } })],
  // State classes (.svelte.ts) run as they do in the browser: without this Svelte resolves to its server half, where runes are inert.
  resolve: { conditions: ['browser'] },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, 'test/e2e/**', 'test/bench/**', ...slow],
    reporters: outcome === undefined ? ['default'] : [new OutcomeReporter(outcome)],
    maxWorkers: 2,
    // Limits for what hangs, not for what is slow: a busy machine bundles the service in its own time.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Nothing is green by finding nothing.
    passWithNoTests: false,
    allowOnly: false,
    restoreMocks: true,
  },
});
