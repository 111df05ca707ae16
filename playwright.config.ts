// Configures the end-to-end tests. They run the production build in the machine's own Chromium
// without windows, against the real AS process. Simulated units are injected into the page.
import { defineConfig } from '@playwright/test';
import { chromiumSwitches, findHeadlessChromium } from './test/support/chromium.ts';

const executablePath = findHeadlessChromium();
const outcome = process.env.KEYFERRY_OUTCOME;

export default defineConfig({
  testDir: 'test/e2e',
  testMatch: '**/*.spec.ts',
  fullyParallel: true,
  forbidOnly: true,
  // The closing report lists each test that passes only at the second try.
  retries: 1,
  // Three on two cores, because a test waits half of its time. With four, tests time out.
  workers: 3,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: outcome === undefined ? 'list' : [['./test/runner/playwright-reporter.ts', { file: outcome }]],
  // Playwright empties this folder when it starts. Level 2 has a folder of its own, because it runs
  // at the same time.
  outputDir: 'test-results/e2e',
  use: {
    browserName: 'chromium',
    // Tests observe the requests of the page on the network. A service worker would answer them
    // from its cache, which only offline.spec.ts tests.
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
