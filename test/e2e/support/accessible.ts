// Checks a screen with axe, and checks that the screen does not scroll sideways.
import { expect, type Page } from '@playwright/test';
import axe from 'axe-core';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

declare global {
  interface Window {
    axe?: typeof axe;
  }
}

export async function expectAccessible(page: Page, state: string): Promise<void> {
  // Waits until all CSS transitions have ended. During a transition, axe would measure the contrast
  // of an intermediate colour.
  await page.evaluate(async () => {
    const moving = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
    await Promise.allSettled(moving.map(({ finished }) => finished));
  });
  expect(await violations(page), state).toEqual([]);
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow, `${state}: scrolls sideways`).toBeLessThanOrEqual(0);
}

/**
 * Returns each violated rule with its elements. Runs axe in the page itself, which is possible
 * because the page has no frames. `@axe-core/playwright` would open another page for each check and
 * take twice the time.
 */
async function violations(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => window.axe !== undefined))) await page.evaluate(axe.source);
  return await page.evaluate(async (values) => {
    if (window.axe === undefined) throw new TypeError('axe is not in the page');
    if (window.frames.length > 0) throw new TypeError('the page has frames, which this check leaves out');
    const found = await window.axe.run(document, {
      runOnly: { type: 'tag', values },
      resultTypes: ['violations'],
    });
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
  }, RULES);
}
