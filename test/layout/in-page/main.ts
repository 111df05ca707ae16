// The script that the layout check runs in a page: lays the page out in each variant and finds the
// faults. Bundled by test/support/bundle-for-page.ts.
import { findFaults } from './faults.ts';
import { lengthenTexts } from './pseudo-text.ts';

/** `unchanged`: the page as it is. `all`: in both directions of reading, with and without longer texts. */
export type Variants = 'unchanged' | 'all';

declare global {
  interface Window {
    /** Returns the faults of the page as it is now, by variant. */
    keyferryLayout?: (variants: Variants) => Promise<Record<string, string[]>>;
  }
}

window.keyferryLayout = async (variants) => {
  await settled();
  if (variants === 'unchanged') return { unchanged: findFaults() };
  const found: Record<string, string[]> = {};
  const root = document.documentElement;
  const { dir } = root;
  // There is no await in this loop, so the page cannot change a text between the variants.
  for (const direction of ['ltr', 'rtl'] as const) {
    root.dir = direction;
    found[direction] = findFaults();
    const restore = lengthenTexts();
    found[`${direction}, long`] = findFaults();
    restore();
  }
  if (dir === '') root.removeAttribute('dir');
  else root.dir = dir;
  return found;
};

/** Waits until the size observers have run and, for example, the rows of a list are drawn. */
async function settled(): Promise<void> {
  const frame = (): Promise<unknown> => new Promise((resolve) => requestAnimationFrame(resolve));
  await frame();
  await frame();
}
