// Compares the fake of level 1 with the real browser for each behaviour that docs/reliability.md
// lists.
import { readFileSync } from 'node:fs';
import type { Browser } from '@playwright/test';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import { unit } from '#test/e2e/support/test.ts';
import type { Behaviour } from './fidelity/behaviour.ts';
import { BEHAVIOURS } from './fidelity/behaviours.ts';
import { DIFFERENCES } from './fidelity/differences.ts';
import { prepareFake, prepareReal } from './fidelity/probe.ts';
import { expect, type Page, requireLevel2, test } from './support/test.ts';

requireLevel2();

/**
 * Time limit of a behaviour in ms. When it is reached, the test compares the observations so far.
 */
const LIMIT_MS = 20_000;

async function observe(
  browser: Browser,
  { run }: Behaviour,
  prepare: (page: Page) => Promise<void>,
): Promise<readonly string[]> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await prepare(page);
    await Promise.race([page.evaluate(run), page.waitForTimeout(LIMIT_MS)]);
    return await page.evaluate(() => window.probe.log);
  } finally {
    await context.close();
  }
}

for (const behaviour of BEHAVIOURS) {
  test(behaviour.name, async ({ addUnit, browser, service, devices }) => {
    const description: UnitDescription = unit(undefined, behaviour.unit);
    const url = `${service.url}/favicon.svg`;
    const fake = await observe(browser, behaviour, (page) => prepareFake(page, url, description));
    await addUnit(description);
    const real = await observe(browser, behaviour, (page) => prepareReal(page, url, description, devices));
    if (DIFFERENCES[behaviour.name] === undefined) expect(fake).toEqual(real);
    else expect(fake).not.toEqual(real);
  });
}

test('docs/reliability.md lists every behaviour and explains every difference', () => {
  const document = readFileSync('docs/reliability.md', 'utf8');
  const names = BEHAVIOURS.map(({ name }) => name);
  for (const name of names) {
    expect(document).toContain(`| ${name} | ${DIFFERENCES[name] ?? 'the same'} |`);
  }
  expect(Object.keys(DIFFERENCES).filter((name) => !names.includes(name))).toEqual([]);
});
