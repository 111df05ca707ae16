// Takes a screenshot of every state of every screen. Usage: `npm run screens -- [--out DIR]
// [--only NAME] [--theme light|dark] [--width 1440|390]`. --only selects the states whose name
// starts with NAME.
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { chromiumSwitches, findChromium } from '#test/support/chromium.ts';
import { CASES, contextOptions } from './cases.ts';
import { Driver } from './driver.ts';
import { Screenshots } from './screenshots.ts';
import { Services } from './services.ts';

const LIMIT_MS = 90_000;

const text = { type: 'string' } as const;
const { out, only, theme, width } = parseArgs({
  options: {
    out: { ...text, default: 'test-results/screens' },
    only: { ...text, default: '' },
    theme: text,
    width: text,
  },
}).values;
const screenshots = new Screenshots({
  folder: out,
  only,
  widths: ([1440, 390] as const).filter((each) => width === undefined || width === String(each)),
  themes: (['light', 'dark'] as const).filter((each) => theme === undefined || theme === each),
});

const executablePath = findChromium();
const browser = await chromium.launch({
  args: chromiumSwitches(),
  ...(executablePath === undefined ? {} : { executablePath }),
});
const services = await Services.start();
try {
  for (const [name, run] of Object.entries(CASES)) {
    if (!name.startsWith(only) && !only.startsWith(name)) continue;
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
  screenshots.writeIndex();
  await browser.close();
  await services.stop();
}
console.log(`${screenshots.states.length} states in ${out}`);
