// End-to-end tests: the production build in the machine's own Chromium, against the real AS
// process, with simulated units injected into the page.
import { defineConfig } from '@playwright/test';
import { chromiumSwitches, findChromium } from './test/support/chromium.ts';

const executablePath = findChromium();
const outcome = process.env.KEYFERRY_OUTCOME;

export default defineConfig({
  testDir: 'test/e2e',
  testMatch: '**/*.spec.ts',
  fullyParallel: true,
  forbidOnly: true,
  // The closing report names each test that passes at the second try only.
  retries: 1,
  workers: 2,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: outcome === undefined ? 'list' : [['./test/runner/playwright-reporter.ts', { file: outcome }]],
  // Playwright empties this folder when it starts; level 2 runs at the same time with a folder of
  // its own.
  outputDir: 'test-results/e2e',
  use: {
    browserName: 'chromium',
    // Every request of the page reaches the network, where the tests see it. Only offline.spec.ts
    // is about the cache.
    serviceWorkers: 'block',
    launchOptions: {
      args: chromiumSwitches(),
      ...(executablePath === undefined ? {} : { executablePath }),
    },
    locale: 'en-GB',
    timezoneId: 'UTC',
    trace: 'off',
  },
});
