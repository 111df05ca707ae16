// Draws the PNG icons of the web app manifest from their SVG files. Usage: `npm run icons`, after a
// change of favicon.svg or icon-maskable.svg.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { chromiumSwitches, findChromium } from '#test/support/chromium.ts';

const FOLDER = 'web/public';
const SIZES = [192, 512] as const;
const SOURCES = { icon: 'favicon.svg', 'icon-maskable': 'icon-maskable.svg' } as const;

const executablePath = findChromium();
const browser = await chromium.launch({
  args: chromiumSwitches(),
  ...(executablePath === undefined ? {} : { executablePath }),
});
try {
  const page = await browser.newPage();
  for (const [name, source] of Object.entries(SOURCES)) {
    const svg = await readFile(join(FOLDER, source), 'utf8');
    for (const size of SIZES) {
      await page.setViewportSize({ width: size, height: size });
      await page.setContent(`<style>body{margin:0}svg{display:block;width:100vw}</style>${svg}`);
      await page.screenshot({ path: join(FOLDER, `${name}-${size}.png`), omitBackground: true });
    }
  }
} finally {
  await browser.close();
}
