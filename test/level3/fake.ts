// What a page sees of the injected fake of level 1, behaviour by behaviour, as JSON in a file: level 3 is held against it. Runs on the
// machine itself.
import { writeFileSync } from 'node:fs';
import { chromium } from '@playwright/test';
import { BEHAVIOURS } from '../level2/fidelity/behaviours.ts';
import { prepareFake } from '../level2/fidelity/toolkit.ts';
import { chromiumSwitches } from '../support/chromium.ts';
import { serveEmptyPage } from './guest/browser.ts';
import { look, unitFor } from './look.ts';

const SN = 'FA4E';

const empty = await serveEmptyPage();
const browser = await chromium.launch({
  executablePath: import.meta.env.KEYFERRY_CHROMIUM,
  args: chromiumSwitches(),
});
try {
  const sights: Record<string, readonly string[]> = {};
  for (const behaviour of BEHAVIOURS) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await prepareFake(page, empty.url, unitFor(behaviour, SN));
    sights[behaviour.name] = await look(page, behaviour);
    await context.close();
  }
  writeFileSync(import.meta.env.KEYFERRY_FAKE, JSON.stringify(sights));
} finally {
  await browser.close();
  empty.close();
}
