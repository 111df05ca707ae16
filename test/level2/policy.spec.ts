// Permission by managed policy: with it the units are there without a chooser, without it the page sees none.
import { unit } from '#test/e2e/support/test.ts';
import { startBrowser } from './support/browser.ts';
import { expect, requireLevel2, test } from './support/test.ts';

requireLevel2();

async function seen(page: import('@playwright/test').Page): Promise<readonly [number, number]> {
  return await page.evaluate(
    async () => [(await navigator.usb.getDevices()).length, (await navigator.serial.getPorts()).length] as const,
  );
}

test('a policy shows the units to the page that it names', async ({ bring, page, service }) => {
  await bring(unit(undefined, { link: 'both' }));
  await page.goto(service.url);
  await expect.poll(() => seen(page)).toEqual([1, 1]);
});

test('without a policy the page sees none of them', async ({ bring, service, machine, desk }) => {
  await bring(unit(undefined, { link: 'both' }));
  const { browser, close } = await startBrowser({ machine, devices: desk });
  try {
    const page = await browser.newPage();
    await page.goto(service.url);
    expect(await seen(page)).toEqual([0, 0]);
  } finally {
    await close();
  }
});
