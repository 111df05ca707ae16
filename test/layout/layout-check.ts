// Checks the layout of each state of a case: at each width, at 200 % zoom, in both directions of
// reading, with lengthened texts. Collects one text per state that has faults.
import type { Page } from '@playwright/test';
import type { StateVisitor } from '../screens/driver.ts';
import { bundleForPage } from '../support/bundle-for-page.ts';
import type { Variants } from './in-page/main.ts';

/** The windows. Zoom makes the window smaller in CSS pixels, and changes nothing else. */
const WINDOWS = {
  '320 px': { width: 320, height: 640 },
  '390 px': { width: 390, height: 844 },
  '720 px': { width: 720, height: 960 },
  '1440 px': { width: 1440, height: 900 },
  '1440 px at 200 %': { width: 720, height: 450 },
  '2560 px': { width: 2560, height: 1440 },
} as const;

/** An A4 page without its margins. */
const PAPER = { 'A4 paper': { width: 718, height: 1047 } } as const;

const NORMAL = WINDOWS['1440 px'];

let script: Promise<string> | undefined;

export class LayoutCheck implements StateVisitor {
  /** One text per state with faults: each fault, with the windows and variants that have it. */
  readonly reports: string[] = [];
  states = 0;

  async take(page: Page, state: string, media: 'screen' | 'print'): Promise<void> {
    const found = await findLayoutFaults(page, { media });
    this.states++;
    if (found.length > 0) this.reports.push([state, ...found].join('\n  '));
  }
}

interface LayoutOptions {
  readonly media?: 'screen' | 'print';
  /** The windows for `screen`; all by default. */
  readonly windows?: readonly (keyof typeof WINDOWS)[];
  readonly variants?: Variants;
}

export async function findLayoutFaults(
  page: Page,
  { media = 'screen', windows, variants = 'all' }: LayoutOptions = {},
): Promise<string[]> {
  script ??= bundleForPage(new URL('./in-page/main.ts', import.meta.url));
  const code = await script;
  const where = new Map<string, string[]>();
  await page.emulateMedia({ media });
  const chosen = windows?.map((name) => [name, WINDOWS[name]] as const) ?? Object.entries(WINDOWS);
  for (const [name, size] of media === 'print' ? Object.entries(PAPER) : chosen) {
    await page.setViewportSize(size);
    if (!(await page.evaluate(() => window.keyferryLayout !== undefined))) await page.evaluate(code);
    const found = (await page.evaluate((which) => window.keyferryLayout?.(which), variants)) ?? {};
    for (const [variant, faults] of Object.entries(found)) {
      for (const fault of faults) {
        // The same fault has different rectangles in different windows.
        const key = fault.replaceAll(/-?\d+,-?\d+ \d+×\d+/g, '');
        const [first = fault, ...places] = where.get(key) ?? [];
        where.set(key, [first, ...places, `${name} ${variant}`]);
      }
    }
  }
  await page.emulateMedia({ media: 'screen' });
  await page.setViewportSize(NORMAL);
  return [...where.values()].map(([fault = '', ...places]) => `${fault}\n      in ${places.join('; ')}`);
}
