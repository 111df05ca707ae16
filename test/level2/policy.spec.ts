// A managed policy permits the units to a page without a chooser. Without a policy, no unit is
// permitted.
import { unit } from '#test/e2e/support/test.ts';
import { startBrowser } from './support/browser.ts';
import { expect, type Page, requireLevel2, test } from './support/test.ts';

requireLevel2();

/** Returns the numbers of permitted USB devices and serial ports. */
async function count(page: Page): Promise<readonly [usb: number, serial: number]> {
  return await page.evaluate(
    async () => [(await navigator.usb.getDevices()).length, (await navigator.serial.getPorts()).length] as const,
  );
}

test('a policy permits the units to its origin', async ({ addUnit, page, service }) => {
  await addUnit(unit(undefined, { link: 'both' }));
  await page.goto(service.url);
  await expect.poll(() => count(page)).toEqual([1, 1]);
});

test('without a policy, no unit is permitted', async ({ addUnit, service, machine, devices }) => {
  await addUnit(unit(undefined, { link: 'both' }));
  const { browser, close } = await startBrowser({ machine, devices });
  try {
    const page = await browser.newPage();
    await page.goto(service.url);
    expect(await count(page)).toEqual([0, 0]);
  } finally {
    await close();
  }
});
