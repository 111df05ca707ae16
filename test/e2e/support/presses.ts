// Counts how often an operator presses something in the page. Presses in the chooser and the bench
// of the demo do not count, because they simulate the browser and the cables.
import type { Page } from '@playwright/test';

export interface Presses {
  /** Number of clicks, and of keys that are pressed one by one. */
  presses: number;
  /** Number of texts that are entered into a field as a whole, for example by pasting. */
  texts: number;
}

declare global {
  interface Window {
    keyferryPresses?: Presses;
  }
}

/**
 * Starts to count in every document that the page opens from now on. Returns a function that reads
 * the counts of the current document and resets them to 0.
 */
export async function countPresses(page: Page): Promise<() => Promise<Presses>> {
  await page.addInitScript(() => {
    const counts = { presses: 0, texts: 0 };
    window.keyferryPresses = counts;
    const press = ({ isTrusted, target }: Event): void => {
      if (isTrusted && target instanceof Element && !target.closest('dialog, #bench')) counts.presses++;
    };
    const enter = ({ isTrusted, target }: Event): void => {
      if (isTrusted && target instanceof Element && target.matches('textarea, [type="password"]')) counts.texts++;
    };
    addEventListener('pointerdown', press, true);
    addEventListener('keydown', press, true);
    addEventListener('input', enter, true);
  });
  return () =>
    page.evaluate(() => {
      const counts = window.keyferryPresses;
      if (!counts) throw new TypeError('the page was opened before the counting began');
      const read = { ...counts };
      Object.assign(counts, { presses: 0, texts: 0 });
      return read;
    });
}
