// The main job, over and over, as at a bench: the page is open and signed in; a unit that was never seen is plugged in, gets its key, and
// is pulled out. Each load is a test of its own; after one that failed the page is opened anew.

import type { Page } from '@playwright/test';
import { memoryDigest } from '#device-sim/setup/control.ts';
import type { LinkKind } from '#device-sim/unit/faults.ts';
import { hexNumber } from '#protocol/bytes/hex.ts';
import { StationPage } from '../../e2e/support/station-page.ts';
import { type AppBench, expectAttached, originOf, textOf } from './app.ts';
import { BenchUnit } from './bench-unit.ts';
import { openPage, patient } from './browser.ts';
import type { Scenario } from './scenario.ts';

const KEY = 'Terminal master key';
const SLOT = 1;
const LATENCY = { identity: 0, challenge: 0, importKey: 0 };

/** @param times over each link */
export function loadScenarios(bench: AppBench, set: number, times: number): Scenario[] {
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
          page ??= await signedIn(bench, link);
          const sn = `10AD${link === 'usb' ? '05' : '06'}${hex4(index)}`;
          await load(page, new BenchUnit({ description: { sn, set, link: 'both', latency: LATENCY } }));
        } catch (error) {
          const said = page === undefined ? 'there is no page' : await textOf(page);
          await close();
          throw new Error(`${error}\nThe page says:\n${said}`);
        }
        if (index === times - 1) await close();
      },
    }));
  });
}

const hex4 = (value: number): string => hexNumber(value, 4);

async function signedIn({ unit, browser, service }: AppBench, link: LinkKind): Promise<Page> {
  await unit.unplug();
  const page = await openPage(browser(), originOf(link, service().url));
  await new StationPage(page, patient).signIn(service().token);
  return page;
}

async function load(page: Page, unit: BenchUnit): Promise<void> {
  const station = new StationPage(page, patient);
  await unit.plug();
  try {
    await expectAttached(station, unit.sn);
    const lane = station.lane(unit.sn);
    await lane.load(KEY, SLOT);
    await lane.expectWord('Unplug');
    await lane.expectSaid('Receipt verified by the AS');
    const stored = memoryDigest(unit.unit).slots.find(({ ref2 }) => ref2 === SLOT);
    if (stored?.holdsKey !== true) throw new Error(`slot ${SLOT} holds no key`);
    await lane.expectSaid(stored.kcv);
  } finally {
    await unit.unplug();
  }
  // The page lets a unit go that has its key.
  await patient(station.lane(unit.sn).word).toHaveText('Done');
}
