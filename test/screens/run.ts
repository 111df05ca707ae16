// Takes a screenshot of every state of every screen. Usage: `npm run screens -- [--out DIR]
// [--only NAME] [--theme light|dark] [--width 1440|390]`. --only selects the states whose name
// starts with NAME. `npm run screens -- --guide` takes the pictures of the guides again.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { chromiumSwitches, findChromium } from '#test/support/chromium.ts';
import { CASES, contextOptions } from './cases.ts';
import { Driver } from './driver.ts';
import { Screenshots } from './screenshots.ts';
import { Services } from './services.ts';

const LIMIT_MS = 90_000;

const text = { type: 'string' } as const;
const { out, only, theme, width, guide } = parseArgs({
  options: {
    out: { ...text, default: 'test-results/screens' },
    only: { ...text, default: '' },
    theme: text,
    width: text,
    guide: { type: 'boolean', default: false },
  },
}).values;
const GUIDE = 'docs/guide';
/** The states that the guides show. */
const pictured = readdirSync(GUIDE)
  .filter((name) => name.endsWith('.md'))
  .flatMap((name) => [...readFileSync(join(GUIDE, name), 'utf8').matchAll(/\(images\/([\w-]+)\.png\)/g)])
  .map(([, state = '']) => state);

const screenshots = new Screenshots({
  folder: guide ? join(GUIDE, 'images') : out,
  wants: (state) => (guide ? pictured.includes(state) : state.startsWith(only)),
  maxHeight: guide ? 2000 : Number.MAX_SAFE_INTEGER,
  fileName: guide
    ? (state, _width, colorScheme) => `${state}${colorScheme === 'dark' ? '-dark' : ''}.png`
    : (state, size, colorScheme) => `${state}--${size}-${colorScheme}.png`,
  widths: guide ? [1024] : ([1440, 390] as const).filter((each) => width === undefined || width === String(each)),
  themes: guide
    ? ['light', 'dark']
    : (['light', 'dark'] as const).filter((each) => theme === undefined || theme === each),
});
const isWanted = (name: string): boolean =>
  guide ? pictured.some((state) => state.startsWith(name)) : name.startsWith(only) || only.startsWith(name);

const executablePath = findChromium();
const browser = await chromium.launch({
  args: chromiumSwitches(),
  ...(executablePath === undefined ? {} : { executablePath }),
});
const services = await Services.start();
try {
  for (const [name, run] of Object.entries(CASES)) {
    if (!isWanted(name)) continue;
    const [began, before] = [Date.now(), screenshots.states.length];
    const context = await browser.newContext(contextOptions(name));
    context.setDefaultTimeout(LIMIT_MS);
    const page = await context.newPage();
    page.on('dialog', (dialog) => void dialog.accept());
    try {
      await run(new Driver(name, page, services, screenshots));
      console.log('ok  ', name, `${Math.round((Date.now() - began) / 1000)} s,`, screenshots.states.length - before);
    } catch (error) {
      console.error('FAIL', name, error);
      process.exitCode = 1;
    } finally {
      await context.close();
    }
  }
} finally {
  if (!guide) screenshots.writeIndex();
  await browser.close();
  await services.stop();
}
console.log(`${screenshots.states.length} states in ${guide ? GUIDE : out}`);
const missing = guide ? pictured.filter((state) => !screenshots.states.includes(state)) : [];
if (missing.length > 0) throw new Error(`no case has the states ${missing.join(', ')}`);
