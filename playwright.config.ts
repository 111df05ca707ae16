// End to end: the production build in the machine's own Chromium, against the real AS process, with simulated units injected.
import { defineConfig } from '@playwright/test';
import { chromiumSwitches, findChromium } from './test/support/chromium.ts';

const executablePath = findChromium();
const outcome = process.env.KEYFERRY_OUTCOME;

export default defineConfig({
  testDir: 'test/e2e',
  testMatch: '**/*.spec.ts',
  fullyParallel: true,
  forbidOnly: true,
  // A test that passes at the second try only is named at the end of the run.
  retries: 1,
  workers: 2,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: outcome === undefined ? 'list' : [['./test/support/playwright-reporter.ts', { file: outcome }]],
  outputDir: 'test-results',
  use: {
    browserName: 'chromium',
    // What the page asks for is then seen on the network, and not in a cache; offline.spec.ts is about the cache.
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
