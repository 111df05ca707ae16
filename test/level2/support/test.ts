// The fixtures of level 2: the service, a process with simulated units, and the installed browser,
// which may use the units by policy. On a machine that cannot run level 2, every test is skipped
// with the reason.
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
  /** One device process for all tests. Each test adds its own units. */
  readonly devices: DeviceProcess;
}

interface Fixtures {
  readonly station: StationPage;
  /** Adds a unit and removes it at the end of the test. */
  readonly addUnit: (unit: UnitDescription) => Promise<UnitDescription>;
  /** Adds an AS token card and removes it at the end of the test. */
  readonly addCard: (card: TokenDescription) => Promise<TokenDescription>;
  /** Opens the product page and signs in. */
  readonly open: () => Promise<StationPage>;
}

const FOUND = findMachine();

export const test = base.extend<Fixtures, WorkerFixtures>({
  machine: [
    async ({ playwright: _ }, use) => {
      if ('missing' in FOUND) throw new Error(FOUND.missing);
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

  devices: [
    async ({ machine: _ }, use) => {
      const devices = await DeviceProcess.start();
      await use(devices);
      await devices.stop();
    },
    { scope: 'worker' },
  ],

  browser: [
    async ({ machine, service, devices }, use) => {
      const started = await startBrowser({ machine, devices, permitted: service.url });
      // Makes the browser start its device enumeration before there is a unit. A unit that appears
      // while the enumeration starts may be listed twice.
      await expectNoUnit(started.browser, service.url);
      await use(started.browser);
      await started.close();
    },
    { scope: 'worker' },
  ],

  addUnit: async ({ devices, browser, service }, use) => {
    const added: string[] = [];
    await use(async (unit) => {
      added.push(unit.sn);
      await devices.call('add', unit);
      return unit;
    });
    for (const sn of added) await devices.call('remove', sn);
    expect(devices.failures).toEqual([]);
    await expectNoUnit(browser, service.url);
  },

  addCard: async ({ devices }, use) => {
    const added: string[] = [];
    await use(async (card) => {
      added.push(card.sn);
      await devices.call('addToken', card);
      return card;
    });
    for (const sn of added) await devices.call('remove', sn);
  },

  station: async ({ page }, use) => {
    await use(new StationPage(page));
  },

  open: async ({ page, service, station, devices }, use) => {
    await use(async () => {
      await page.goto(service.url);
      // Waits for the first lane before signing in. When that lane appears, the field for the
      // access code moves.
      if ((await devices.call('units')).some(({ plugged }) => plugged))
        await expect(station.lanes.first()).toBeVisible();
      await station.signIn(service.token);
      return station;
    });
  },
});

/** Waits until the browser lists no unit. The browser removes an unplugged unit with a delay. */
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

/** Skips the tests of a file, with the reason, on a machine that cannot run level 2. */
export function requireLevel2(): void {
  const missing = 'missing' in FOUND ? FOUND.missing : undefined;
  test.skip(missing !== undefined, missing);
}

export { expect, type Page };
