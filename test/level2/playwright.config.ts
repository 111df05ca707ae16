// Level 2: the production build in the machine's own Chromium, with its own Web Serial and WebUSB; only the kernel and the units are
// ours. One browser at a time, since a test may stop it.
import { defineConfig } from '@playwright/test';

const outcome = process.env.KEYFERRY_OUTCOME;

export default defineConfig({
  testDir: '.',
  testMatch: '**/*.spec.ts',
  fullyParallel: false,
  forbidOnly: true,
  // A test that passes at the second try only is named at the end of the run.
  retries: 1,
  workers: 1,
  // Tests wait for states; the limits are for a machine that does much else.
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: outcome === undefined ? 'list' : [['../support/playwright-reporter.ts', { file: outcome }]],
  outputDir: '../../test-results/level2',
  use: { locale: 'en-GB', timezoneId: 'UTC', trace: 'off' },
});
