// Runs the tests of this folder, which drive a real Firefox. KEYFERRY_FIREFOX names the browser.
import { defineConfig } from 'vitest/config';
import { OutcomeReporter } from '../runner/vitest-reporter.ts';

const outcome = process.env.KEYFERRY_OUTCOME;

export default defineConfig({
  test: {
    include: ['test/firefox/*.spec.ts'],
    reporters: outcome === undefined ? ['default'] : [new OutcomeReporter(outcome)],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    passWithNoTests: false,
    allowOnly: false,
  },
});
