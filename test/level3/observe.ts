// Runs one behaviour of test/level2/fidelity in a prepared page.
import type { Page } from '@playwright/test';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import { DEMO_SETS } from '#protocol/demo/demo-sets.ts';
import type { Behaviour } from '../level2/fidelity/behaviour.ts';

/** The log of each behaviour, by name. */
export type Observations = Readonly<Record<string, readonly string[]>>;

/** Time limit of a behaviour, in ms. When it is reached, observe() uses the log so far. */
const LIMIT_MS = 60_000;

/** Describes the unit for a behaviour. @param sn 1 to 16 bytes as hex */
export function unitFor({ unit }: Behaviour, sn: string): UnitDescription {
  const latency = { identity: 0, challenge: 0, importKey: 0 };
  return { sn, set: DEMO_SETS[0]?.set ?? 0, latency, ...unit };
}

export async function observe(page: Page, { run }: Behaviour): Promise<readonly string[]> {
  const end = await Promise.race([
    page.evaluate(run).then(() => 'completed', String),
    page.waitForTimeout(LIMIT_MS).then(() => `not within ${LIMIT_MS / 1000} s`),
  ]);
  return [...(await page.evaluate(() => window.probe.log)), `end: ${end}`];
}
