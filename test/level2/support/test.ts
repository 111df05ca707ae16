// What every test of level 2 is handed: the service, a process with units, and the machine's own browser in front of them, which has
// the units' permission by policy. Where the machine cannot do that, every test says why it was left out.
import { type Browser, test as base, expect, type Page } from '@playwright/test';
import { DeviceProcess } from '#device-host/umockdev/device-process.ts';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import type { TokenDescription } from '#device-sim/setup/token-description.ts';
import { Service } from '#test/e2e/support/service.ts';
import { StationPage } from '#test/e2e/support/station-page.ts';
import { startBrowser } from './browser.ts';
import { findMachine, type Machine } from './requirements.ts';

interface WorkerFixtures {
  readonly machine: Machine;
  readonly service: Service;
  /** The browser's units: one process for all tests, each of which brings its own. */
  readonly desk: DeviceProcess;
}

interface Fixtures {
  readonly station: StationPage;
  /** Puts a unit on the desk; it leaves it with the test. */
  readonly bring: (unit: UnitDescription) => Promise<UnitDescription>;
  readonly bringCard: (card: TokenDescription) => Promise<TokenDescription>;
  /** Opens the product page, signed in. */
  readonly open: () => Promise<StationPage>;
}

const FOUND = findMachine();

export const test = base.extend<Fixtures, WorkerFixtures>({
  machine: [
    async ({ playwright: _ }, use) => {
      if ('lacks' in FOUND) throw new Error(FOUND.lacks);
      await use(FOUND);
    },
    { scope: 'worker' },
  ],

  service: [
    async ({ machine: _ }, use) => {
      const service = await Service.start({ exportsPerMinute: 100_000 });
      await use(service);
      await service.stop();
    },
    { scope: 'worker' },
  ],

  desk: [
    async ({ machine: _ }, use) => {
      const desk = await DeviceProcess.start();
      await use(desk);
      await desk.stop();
    },
    { scope: 'worker' },
  ],

  browser: [
    async ({ machine, service, desk }, use) => {
      const started = await startBrowser({ machine, devices: desk, permitted: service.url });
      // It begins to look for devices when it is first asked for them: one that comes just then it would see twice.
      await expectNoUnit(started.browser, service.url);
      await use(started.browser);
      await started.close();
    },
    { scope: 'worker' },
  ],

  bring: async ({ desk, browser, service }, use) => {
    const brought: string[] = [];
    await use(async (unit) => {
      brought.push(unit.sn);
      await desk.call('add', unit);
      return unit;
    });
    for (const sn of brought) await desk.call('remove', sn);
    expect(desk.failures).toEqual([]);
    await expectNoUnit(browser, service.url);
  },

  bringCard: async ({ desk }, use) => {
    const brought: string[] = [];
    await use(async (card) => {
      brought.push(card.sn);
      await desk.call('addToken', card);
      return card;
    });
    for (const sn of brought) await desk.call('remove', sn);
  },

  station: async ({ page }, use) => {
    await use(new StationPage(page));
  },

  open: async ({ page, service, station, desk }, use) => {
    await use(async () => {
      await page.goto(service.url);
      // The first lane changes the page, and the place where the token is written.
      if ((await desk.call('units')).some(({ plugged }) => plugged)) await expect(station.lanes.first()).toBeVisible();
      await station.signIn(service.token);
      return station;
    });
  },
});

/** A browser hears a moment later that a unit has left: the next test must not take that one for its own. */
async function expectNoUnit(browser: Browser, url: string): Promise<void> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${url}/favicon.svg`);
  const count = () =>
    page.evaluate(async () => ({
      usb: (await navigator.usb.getDevices()).length,
      serial: (await navigator.serial.getPorts()).length,
    }));
  await expect.poll(count).toEqual({ usb: 0, serial: 0 });
  await context.close();
}

/** Called by each file: where level 2 cannot be had, its tests are named as skipped, with the reason. */
export function requireLevel2(): void {
  const lacks = 'lacks' in FOUND ? FOUND.lacks : undefined;
  test.skip(lacks !== undefined, lacks);
}

export { expect, type Page };
