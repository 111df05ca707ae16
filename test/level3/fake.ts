// Runs every behaviour of test/level2/fidelity on the fake of level 1, and writes the observations
// to a JSON file. Level 3 compares the real kernel with this file. Runs on the machine, not in the
// guest.
import { writeFileSync } from 'node:fs';
import { chromium } from '@playwright/test';
import { BEHAVIOURS } from '../level2/fidelity/behaviours.ts';
import { prepareFake } from '../level2/fidelity/probe.ts';
import { chromiumSwitches } from '../support/chromium.ts';
import { serveEmptyPage } from './guest/browser.ts';
import { type Observations, observe, unitFor } from './observe.ts';

const SN = 'FA4E';

const empty = await serveEmptyPage();
const browser = await chromium.launch({
  executablePath: import.meta.env.KEYFERRY_CHROMIUM,
  args: chromiumSwitches(),
});
try {
  const observations: Record<string, Observations[string]> = {};
  for (const behaviour of BEHAVIOURS) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await prepareFake(page, empty.url, unitFor(behaviour, SN));
    observations[behaviour.name] = await observe(page, behaviour);
    await context.close();
  }
  writeFileSync(import.meta.env.KEYFERRY_FAKE, JSON.stringify(observations));
} finally {
  await browser.close();
  empty.close();
}
