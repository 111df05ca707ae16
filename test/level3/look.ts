// One behaviour of test/level2/fidelity, looked at in a page that is ready for it.
import type { Page } from '@playwright/test';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import { DEMO_SETS } from '#protocol/demo/demo-sets.ts';
import type { Behaviour } from '../level2/fidelity/behaviours.ts';

/** What the page saw of each behaviour, by its name. */
export type Sights = Readonly<Record<string, readonly string[]>>;

/** What has not ended by then is left as it is. */
const LIMIT_MS = 60_000;

/** @param sn 1 to 16 octets as hex */
export function unitFor({ unit }: Behaviour, sn: string): UnitDescription {
  const latency = { identity: 0, challenge: 0, importKey: 0 };
  return { sn, set: DEMO_SETS[0]?.set ?? 0, latency, ...unit };
}

export async function look(page: Page, { look }: Behaviour): Promise<readonly string[]> {
  const ended = await Promise.race([
    page.evaluate(look).then(() => 'well', String),
    page.waitForTimeout(LIMIT_MS).then(() => `not within ${LIMIT_MS / 1000} s`),
  ]);
  return [...(await page.evaluate(() => window.probe.log)), `ended: ${ended}`];
}
