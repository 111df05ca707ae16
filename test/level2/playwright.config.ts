// Level 2: the production build in the installed Chromium, with its real Web Serial and WebUSB.
// Only the kernel and the units are simulated. One browser runs at a time, because a test may stop
// its processes.
import { defineConfig } from '@playwright/test';

const outcome = process.env.KEYFERRY_OUTCOME;

export default defineConfig({
  testDir: '.',
  testMatch: '**/*.spec.ts',
  fullyParallel: false,
  forbidOnly: true,
  // The closing report lists each test that passes only on the second try.
  retries: 1,
  workers: 1,
  // The tests wait for states, never for a fixed time. The limits allow for a busy machine.
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: outcome === undefined ? 'list' : [['../runner/playwright-reporter.ts', { file: outcome }]],
  outputDir: '../../test-results/level2',
  use: { locale: 'en-GB', timezoneId: 'UTC', trace: 'off' },
});
