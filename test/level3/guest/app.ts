// The product page, from the real AS, in the real browser, on the simulated EI that the kernel drives: a key over each link, and the
// plug pulled in mid-import, before the key is in and after.
import type { Browser, Page } from '@playwright/test';
import { memoryDigest } from '#device-sim/setup/control.ts';
import type { Service } from '../../e2e/support/service.ts';
import { type LanePage, StationPage } from '../../e2e/support/station-page.ts';
import type { BenchUnit } from './bench-unit.ts';
import { openPage, PATIENCE_MS, patient } from './browser.ts';
import { report, type Scenario } from './scenario.ts';

export interface AppBench {
  readonly browser: () => Browser;
  readonly service: () => Service;
  readonly unit: BenchUnit;
}

const KEY = 'Terminal master key';
const OTHER_KEY = 'Data encryption key';

/** The challenge is answered with fewer octets than that, the import with more. */
const BEFORE_THE_RECEIPT = { fault: 'unplug', direction: 'in', after: 90 } as const;
/** GET CHALLENGE is shorter, IMPORTKEY longer. */
const WHILE_IT_IS_SENT = { fault: 'unplug', direction: 'out', after: 150 } as const;

export function appScenarios(bench: AppBench): Scenario[] {
  return (['usb', 'serial'] as const).map((link) => ({
    name: `the product page over ${link}: pulled out while the key goes in, it recovers and loads; pulled out before the receipt, it settles`,
    run: () => onPage(bench, link, (lane) => loadAndRecover(bench, link, lane)),
  }));
}

/** Each link has an origin of its own, and the server of that address answers on both. */
export function originOf(link: 'usb' | 'serial', url: string): string {
  const { port } = new URL(url);
  return `http://${link === 'usb' ? 'localhost' : '127.0.0.1'}:${port}`;
}

/** Both may have changed by then: it is looked at anew. */
const GLANCE_MS = 5000;
const MAX_TRIES = 2;

/**
 * A unit has a second for each answer, and this processor may have more to do than that: whoever works with it tries again, twice at most, and it
 * is told.
 */
export async function expectAttached(station: StationPage, sn: string): Promise<void> {
  const again = station.onlyLane().root.getByRole('button', { name: 'Try again' });
  let tries = 0;
  await patient(async () => {
    if (await again.isVisible()) {
      if (++tries > MAX_TRIES) throw new Error(`the unit was tried ${MAX_TRIES} times more, in vain`);
      await again.click({ timeout: GLANCE_MS });
    }
    await patient(station.lane(sn).root).toBeVisible({ timeout: GLANCE_MS });
  }).toPass({ timeout: PATIENCE_MS });
  if (tries > 0) report({ report: 'note', text: `${sn} was tried ${tries === 1 ? 'once' : 'twice'} more` });
}

async function onPage(bench: AppBench, link: 'usb' | 'serial', work: (lane: LanePage) => Promise<void>) {
  const { unit } = bench;
  if (!unit.unit.isPlugged) await unit.plug();
  const page = await openPage(bench.browser(), originOf(link, bench.service().url));
  try {
    const station = new StationPage(page, patient);
    await expectAttached(station, unit.sn);
    await station.signIn(bench.service().token);
    await work(station.lane(unit.sn));
  } catch (error) {
    throw new Error(`${error}\nThe page says:\n${await textOf(page)}`);
  } finally {
    await page.close();
  }
}

async function loadAndRecover({ unit }: AppBench, link: 'usb' | 'serial', lane: LanePage): Promise<void> {
  const [slot, otherSlot] = link === 'usb' ? [1, 2] : [3, 4];
  await lane.expectWord('Ready');
  unit.unit.arm({ ...WHILE_IT_IS_SENT, link });
  await lane.load(KEY, slot);
  await lane.expectWord('Plug it in again');
  await unit.plug();
  await lane.expectWord('Not loaded');
  await lane.expectSaid('The unit has no receipt for this import');
  await lane.press('Load again');
  await lane.expectWord('Unplug');
  await lane.expectSaid('Receipt verified by the AS');
  await lane.press('Load another key');

  unit.unit.arm({ ...BEFORE_THE_RECEIPT, link });
  await lane.load(OTHER_KEY, otherSlot);
  await lane.expectWord('Plug it in again');
  await lane.expectSaid('The key may or may not be in');
  await unit.plug();
  await lane.expectWord('Unplug');
  const stored = memoryDigest(unit.unit).slots.find(({ ref2 }) => ref2 === otherSlot);
  if (stored?.holdsKey !== true) throw new Error(`slot ${otherSlot} holds no key`);
  await lane.expectSaid(stored.kcv);
}

export async function textOf(page: Page): Promise<string> {
  return (await page.locator('body').innerText()).slice(0, 2000);
}
