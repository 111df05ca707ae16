// Tests the product page of a real AS in a real browser, with a simulated unit on the real kernel.
// Loads keys over each link, and unplugs the unit during the import and before the receipt.
import type { Browser, Page } from '@playwright/test';
import { memoryDigest } from '#device-sim/setup/control.ts';
import type { Service } from '../../e2e/support/service.ts';
import { type LanePage, StationPage } from '../../e2e/support/station-page.ts';
import { openPage, slowExpect, TIMEOUT_MS } from './browser.ts';
import type { GuestUnit } from './guest-unit.ts';
import { report, type Scenario } from './scenario.ts';

export interface AppSetup {
  readonly browser: () => Browser;
  readonly service: () => Service;
  readonly unit: GuestUnit;
}

const KEY = 'Terminal master key';
const OTHER_KEY = 'Data encryption key';

/**
 * Unplugs the unit during the response to IMPORTKEY. The response to GET CHALLENGE does not trigger
 * the fault, because it has fewer than 90 bytes.
 */
const BEFORE_RECEIPT = { fault: 'unplug', direction: 'in', after: 90 } as const;
/**
 * Unplugs the unit during IMPORTKEY. GET CHALLENGE does not trigger the fault, because it has fewer
 * than 150 bytes.
 */
const DURING_IMPORT = { fault: 'unplug', direction: 'out', after: 150 } as const;

export function appScenarios(setup: AppSetup): Scenario[] {
  return (['usb', 'serial'] as const).map((link) => ({
    name: `the product page over ${link} loads the key again after an unplug during the import, and settles an unplug before the receipt`,
    run: () => onPage(setup, link, (lane) => loadAndRecover(setup, link, lane)),
  }));
}

/**
 * Returns the origin that the policies permit to use this link. The server answers at both origins.
 */
export function originOf(link: 'usb' | 'serial', url: string): string {
  const { port } = new URL(url);
  return `http://${link === 'usb' ? 'localhost' : '127.0.0.1'}:${port}`;
}

/** Time limit of one poll, in ms. */
const POLL_MS = 5000;
const MAX_RETRIES = 2;

/**
 * Waits until the lane of a unit appears. Presses "Read again" at most twice, because on a slow
 * processor the unit may exceed the limit of 1 s per response.
 */
export async function expectAttached(station: StationPage, sn: string): Promise<void> {
  const again = station.onlyLane().root.getByRole('button', { name: 'Read again' });
  let retries = 0;
  await slowExpect(async () => {
    if (await again.isVisible()) {
      if (++retries > MAX_RETRIES) throw new Error(`the unit was not attached after ${MAX_RETRIES} retries`);
      await again.click({ timeout: POLL_MS });
    }
    await slowExpect(station.lane(sn).root).toBeVisible({ timeout: POLL_MS });
  }).toPass({ timeout: TIMEOUT_MS });
  if (retries > 0) report({ report: 'note', text: `${sn}: ${retries} retries` });
}

async function onPage(setup: AppSetup, link: 'usb' | 'serial', work: (lane: LanePage) => Promise<void>) {
  const { unit } = setup;
  if (!unit.unit.isPlugged) await unit.plug();
  const page = await openPage(setup.browser(), originOf(link, setup.service().url));
  try {
    const station = new StationPage(page, slowExpect);
    await expectAttached(station, unit.sn);
    await station.signIn(setup.service().token);
    await work(station.lane(unit.sn));
  } catch (error) {
    throw new Error(`${error}\nText of the page:\n${await textOf(page)}`);
  } finally {
    await page.close();
  }
}

async function loadAndRecover({ unit }: AppSetup, link: 'usb' | 'serial', lane: LanePage): Promise<void> {
  const [slot, otherSlot] = link === 'usb' ? [1, 2] : [3, 4];
  await lane.expectWord('Ready');
  unit.unit.arm({ ...DURING_IMPORT, link });
  await lane.load(KEY, slot);
  await lane.expectWord('Plug in again');
  await unit.plug();
  await lane.expectWord('Not loaded');
  await lane.expectSaid('The unit has no receipt, so the key is not stored');
  await lane.press('Load again');
  await lane.expectWord('Unplug');
  await lane.expectSaid('Receipt verified by the AS');
  await lane.press('Load another key');

  unit.unit.arm({ ...BEFORE_RECEIPT, link });
  await lane.load(OTHER_KEY, otherSlot);
  await lane.expectWord('Plug in again');
  await lane.expectSaid('The key may or may not be stored');
  await unit.plug();
  await lane.expectWord('Unplug');
  const stored = memoryDigest(unit.unit).slots.find(({ ref2 }) => ref2 === otherSlot);
  if (stored?.holdsKey !== true) throw new Error(`slot ${otherSlot} has no key`);
  await lane.expectSaid(stored.kcv);
}

export async function textOf(page: Page): Promise<string> {
  return (await page.locator('body').innerText()).slice(0, 2000);
}
