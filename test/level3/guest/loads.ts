// Tests repeated loads on one page, as an operator makes them at a station. Each test plugs in a
// new unit, loads a key and unplugs the unit. After a failed test, the next test opens a new page.
import type { Page } from '@playwright/test';
import { memoryDigest } from '#device-sim/setup/control.ts';
import type { LinkKind } from '#device-sim/unit/faults.ts';
import { hexNumber } from '#protocol/bytes/hex.ts';
import { StationPage } from '../../e2e/support/station-page.ts';
import { type AppSetup, expectAttached, originOf, textOf } from './app.ts';
import { openPage, slowExpect } from './browser.ts';
import { GuestUnit } from './guest-unit.ts';
import type { Scenario } from './scenario.ts';

const KEY = 'Terminal master key';
const SLOT = 1;
const LATENCY = { identity: 0, challenge: 0, importKey: 0 };

/** @param times number of loads over each link */
export function loadScenarios(setup: AppSetup, set: number, times: number): Scenario[] {
  return (['usb', 'serial'] as const).flatMap((link) => {
    let page: Page | undefined;
    const close = async (): Promise<void> => {
      await page?.close();
      page = undefined;
    };
    return Array.from({ length: times }, (_, index) => ({
      name: `loads a key over ${link}, ${index + 1} of ${times}`,
      async run() {
        try {
          page ??= await openSignedIn(setup, link);
          const sn = `10AD${link === 'usb' ? '05' : '06'}${hexNumber(index, 4)}`;
          await load(page, new GuestUnit({ description: { sn, set, link: 'both', latency: LATENCY } }));
        } catch (error) {
          const text = page === undefined ? 'no page' : await textOf(page);
          await close();
          throw new Error(`${error}\nText of the page:\n${text}`);
        }
        if (index === times - 1) await close();
      },
    }));
  });
}

async function openSignedIn({ unit, browser, service }: AppSetup, link: LinkKind): Promise<Page> {
  await unit.unplug();
  const page = await openPage(browser(), originOf(link, service().url));
  await new StationPage(page, slowExpect).signIn(service().token);
  return page;
}

async function load(page: Page, unit: GuestUnit): Promise<void> {
  const station = new StationPage(page, slowExpect);
  await unit.plug();
  try {
    await expectAttached(station, unit.sn);
    const lane = station.lane(unit.sn);
    await lane.load(KEY, SLOT);
    await lane.expectWord('Unplug');
    await lane.expectSaid('Receipt verified by the AS');
    const stored = memoryDigest(unit.unit).slots.find(({ ref2 }) => ref2 === SLOT);
    if (stored?.holdsKey !== true) throw new Error(`slot ${SLOT} has no key`);
    await lane.expectSaid(stored.kcv);
  } finally {
    await unit.unplug();
  }
  // The lane of a loaded unit changes to Done when the unit is unplugged.
  await slowExpect(station.lane(unit.sn).word).toHaveText('Done');
}
