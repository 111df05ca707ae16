// Counts what an operator presses in the page. The chooser and the bench of the demo stand for the
// browser and for cables, so a press there does not count.
import type { Page } from '@playwright/test';

export interface Presses {
  /** Clicks, and keys that are pressed one by one. */
  presses: number;
  /** Texts that are put into a field as a whole, as by pasting. */
  texts: number;
}

declare global {
  interface Window {
    keyferryPresses?: Presses;
  }
}

/**
 * Counts in every document that the page opens from now on. Returns a function that reads the
 * counts of the current document, and starts them again at 0.
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
