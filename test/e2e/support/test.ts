// The fixtures of every end-to-end test: a service per Playwright worker, and the unchanged product
// build with simulated units. `watch` fails a test for policy violations, exceptions, console
// errors and requests to other hosts.
import { test as base, expect } from '@playwright/test';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import { injectSimulator } from './inject.ts';
import { Service } from './service.ts';
import { DIVERSIFIED, type TestSet } from './sets.ts';
import { StationPage } from './station-page.ts';

export interface Watch {
  /** Policy violations, exceptions, console errors and requests to other hosts. */
  readonly offences: string[];
  /** Method, address and body of each request. */
  readonly requests: string[];
}

interface WorkerFixtures {
  readonly service: Service;
}

interface Fixtures {
  /**
   * Fails a test for policy violations, exceptions, console errors and requests to other hosts.
   * Runs in every test, even if the test does not use it.
   */
  readonly watch: Watch;
  readonly station: StationPage;
  /** Opens the product page of the service with these units on its ports. */
  readonly open: (units: readonly UnitDescription[], service?: Service) => Promise<StationPage>;
}

const INSTANT = { identity: 0, challenge: 0, importKey: 0 };
let lastUnit = 0;

/** Describes a unit of a test set. Each unit has a different SN. */
export function unit(set: TestSet = DIVERSIFIED, more: Partial<UnitDescription> = {}): UnitDescription {
  const sn = `E2E0${(process.pid * 100 + ++lastUnit).toString(16).padStart(12, '0').slice(-12)}`.toUpperCase();
  return {
    sn,
    set: set.set,
    profile: set.profile,
    transportKey: set.transportKey,
    suites: set.family === 'hmac' ? [4] : [1, 2],
    latency: INSTANT,
    ...more,
  };
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  service: [
    async ({ browserName: _ }, use) => {
      const service = await Service.start();
      await use(service);
      await service.stop();
    },
    { scope: 'worker' },
  ],

  watch: [
    async ({ page }, use) => {
      const watch: Watch = { offences: [], requests: [] };
      await page.exposeFunction('keyferryOffence', (what: string) => void watch.offences.push(what));
      await page.addInitScript(() => {
        addEventListener('securitypolicyviolation', (event) => {
          const { violatedDirective, blockedURI, sourceFile } = event;
          const report = (window as unknown as { keyferryOffence: (what: string) => void }).keyferryOffence;
          report(`violates ${violatedDirective}: ${blockedURI} at ${sourceFile}`);
        });
      });
      page.on('pageerror', (error) => void watch.offences.push(`throws ${error.message}`));
      page.on('console', (message) => {
        // Ignores the message that Chromium logs for every refused request. The tests check what
        // the page shows instead.
        if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
          watch.offences.push(`console: ${message.text()}`);
        }
      });
      page.on('request', (request) => {
        const { protocol, hostname } = new URL(request.url());
        watch.requests.push(`${request.method()} ${request.url()} ${request.postData() ?? ''}`);
        if (protocol.startsWith('http') && !/^(localhost|127\.0\.0\.1)$/.test(hostname)) {
          watch.offences.push(`asks ${request.url()}`);
        }
      });
      await use(watch);
      expect(watch.offences).toEqual([]);
    },
    { auto: true },
  ],

  station: async ({ page }, use) => {
    await use(new StationPage(page));
  },

  open: async ({ page, service, station }, use) => {
    await use(async (units, other) => {
      await injectSimulator(page, units);
      await page.goto((other ?? service).url);
      return station;
    });
  },
});

export { expect };
