// The fake of level 1 against the real browser, behaviour by behaviour: what a page sees of each is what docs/reliability.md says.
import { readFileSync } from 'node:fs';
import type { Browser } from '@playwright/test';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import { unit } from '#test/e2e/support/test.ts';
import { BEHAVIOURS, type Behaviour } from './fidelity/behaviours.ts';
import { DIFFERENCES } from './fidelity/differences.ts';
import { prepareFake, prepareReal } from './fidelity/toolkit.ts';
import { expect, type Page, requireLevel2, test } from './support/test.ts';

requireLevel2();

/** What has not ended by then is left as it is. */
const LIMIT_MS = 20_000;

async function look(
  browser: Browser,
  { look }: Behaviour,
  prepare: (page: Page) => Promise<void>,
): Promise<readonly string[]> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await prepare(page);
    await Promise.race([page.evaluate(look), page.waitForTimeout(LIMIT_MS)]);
    return await page.evaluate(() => window.probe.log);
  } finally {
    await context.close();
  }
}

for (const behaviour of BEHAVIOURS) {
  test(behaviour.name, async ({ bring, browser, service, desk }) => {
    const described: UnitDescription = unit(undefined, behaviour.unit);
    const url = `${service.url}/favicon.svg`;
    const fake = await look(browser, behaviour, (page) => prepareFake(page, url, described));
    await bring(described);
    const real = await look(browser, behaviour, (page) => prepareReal(page, url, described, desk));
    if (DIFFERENCES[behaviour.name] === undefined) expect(fake).toEqual(real);
    else expect(fake).not.toEqual(real);
  });
}

test('docs/reliability.md names every behaviour, and explains every difference', () => {
  const document = readFileSync('docs/reliability.md', 'utf8');
  const names = BEHAVIOURS.map(({ name }) => name);
  for (const name of names) {
    expect(document).toContain(`| ${name} | ${DIFFERENCES[name] ?? 'the same'} |`);
  }
  expect(Object.keys(DIFFERENCES).filter((name) => !names.includes(name))).toEqual([]);
});
