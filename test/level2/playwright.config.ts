// Level 2: the production build in the machine's own Chromium with its own Web Serial and WebUSB,
// on a simulated kernel with simulated units. One browser at a time, because a memory search stops
// its processes.
import { defineConfig } from '@playwright/test';

const outcome = process.env.KEYFERRY_OUTCOME;

export default defineConfig({
  testDir: '.',
  testMatch: '**/*.spec.ts',
  fullyParallel: false,
  forbidOnly: true,
  // The run lists the tests that pass only on the second try.
  retries: 1,
  workers: 1,
  // Limits for a busy machine. Tests wait for states, not for times.
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: outcome === undefined ? 'list' : [['../runner/playwright-reporter.ts', { file: outcome }]],
  outputDir: '../../test-results/level2',
  use: { locale: 'en-GB', timezoneId: 'UTC', trace: 'off' },
});
