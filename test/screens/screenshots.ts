// Takes the screenshots of a state at each width and in each theme, and writes an index page that
// shows all screenshots.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import type { StateVisitor } from './driver.ts';

/** Height of the window by its width. The pictures of the guides are 1024 pixels wide. */
export const HEIGHTS = { 1440: 900, 1024: 768, 390: 844 } as const;
export type Width = keyof typeof HEIGHTS;
export type Theme = 'light' | 'dark';

export interface ScreenshotOptions {
  readonly folder: string;
  /** Decides which states are taken. */
  readonly wants: (state: string) => boolean;
  /** Maximum height of a picture, in pixels. */
  readonly maxHeight: number;
  /** Quality of WebP files, 0 to 100; undefined for PNG files. */
  readonly quality?: number;
  readonly fileName: (state: string, width: Width, theme: Theme) => string;
  readonly widths: readonly Width[];
  readonly themes: readonly Theme[];
}

export class Screenshots implements StateVisitor {
  readonly states: string[] = [];
  readonly #options: ScreenshotOptions;

  constructor(options: ScreenshotOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true });
  }

  async take(page: Page, state: string, media: 'screen' | 'print'): Promise<void> {
    const { folder, wants, fileName, maxHeight, quality, widths, themes } = this.#options;
    if (!wants(state)) return;
    if (this.states.includes(state)) throw new RangeError(`two states are named ${state}`);
    this.states.push(state);
    await page.mouse.move(0, 0); // a pointer over a control changes its colour
    for (const width of widths) {
      await page.emulateMedia({ media });
      await fitHeight(page, width, maxHeight);
      for (const colorScheme of themes) {
        await page.emulateMedia({ colorScheme });
        const path = join(folder, fileName(state, width, colorScheme));
        await page.screenshot({
          path,
          animations: 'disabled',
          ...(quality === undefined ? {} : { type: 'webp', quality }),
        });
      }
    }
    await page.emulateMedia({ colorScheme: 'light', media: 'screen' });
    await page.setViewportSize({ width: 1440, height: HEIGHTS[1440] });
  }

  writeIndex(): void {
    const { folder, fileName, widths, themes } = this.#options;
    const sections = this.states.map((state) => {
      const files = widths.flatMap((width) => themes.map((theme) => fileName(state, width, theme)));
      const images = files.map((file) => `<a href="${file}"><img src="${file}" alt="${file}" loading="lazy"></a>`);
      return `<h2 id="${state}"><a href="#${state}">${state}</a></h2>\n${images.join('\n')}`;
    });
    const style = 'body{font:14px system-ui;background:#888}a{color:inherit}img{height:480px;margin:4px}';
    const html = `<!doctype html><meta charset="utf-8"><title>Screens</title><style>${style}</style>\n`;
    writeFileSync(join(folder, 'index.html'), `${html}${sections.join('\n')}\n`);
  }
}

/** Makes the viewport as high as the page, so that no bar at the edge hides a part of the page. */
async function fitHeight(page: Page, width: Width, maxHeight: number): Promise<void> {
  await page.setViewportSize({ width, height: HEIGHTS[width] });
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width, height: Math.min(maxHeight, Math.max(height, HEIGHTS[width])) });
  await page.evaluate(() => scrollTo({ top: 0, behavior: 'instant' }));
}
