// Screens with the longest permitted texts: nothing overlaps, nothing is cut, nothing reaches
// outside the window, at any width, at 200 % zoom, in both directions of reading. The cases are
// those of the screenshots; most run in `npm run test:long` only.
import { test as base, expect } from '@playwright/test';
import { LayoutCheck } from '../layout/layout-check.ts';
import { CASES, contextOptions } from '../screens/cases.ts';
import { Driver } from '../screens/driver.ts';
import { Services } from '../screens/services.ts';
import { LONGEST } from '../screens/texts.ts';

const test = base.extend<object, { readonly services: Services }>({
  services: [
    async ({ browserName: _ }, use) => {
      const services = await Services.start(LONGEST);
      await use(services);
      await services.stop();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
});

/** The case of `npm test`: the lists of an order. */
const SHORT = 'orders-lists';
const LONG = { tag: '@long' };

for (const [name, run] of Object.entries(CASES)) {
  test(`${name} shows every text and control whole`, name === SHORT ? {} : LONG, async ({ browser, services }) => {
    const context = await browser.newContext({ ...contextOptions(name), viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    page.on('dialog', (dialog) => void dialog.accept());
    const check = new LayoutCheck();
    await run(new Driver(name, page, services, check));
    await context.close();
    expect(check.states).toBeGreaterThan(0);
    expect(check.reports.join('\n'), 'faults of the layout').toBe('');
  });
}
