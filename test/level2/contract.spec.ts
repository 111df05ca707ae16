// Runs the port contract of level 1 over the browser's real WebUSB and Web Serial, each clause in
// an empty page.
import { unit } from '#test/e2e/support/test.ts';
import { PORT_CONTRACT } from '../contract/transport/port.contract.ts';
import { bundleForPage } from '../support/bundle-for-page.ts';
import { expect, requireLevel2, test } from './support/test.ts';

requireLevel2();

let script: Promise<string> | undefined;

for (const link of ['usb', 'serial'] as const) {
  for (const { name } of PORT_CONTRACT) {
    test(`a real ${link} port ${name}`, async ({ addUnit, page, service, devices }) => {
      const one = unit(undefined, { link });
      script ??= bundleForPage(new URL('./contract/in-page.ts', import.meta.url));
      await page.addInitScript(await script);
      await page.exposeFunction('unplugUnit', () => devices.call('unplug', one.sn));
      await page.goto(`${service.url}/favicon.svg`);
      const count = () =>
        page.evaluate(
          async (kind) =>
            (kind === 'usb' ? await navigator.usb.getDevices() : await navigator.serial.getPorts()).length,
          link,
        );
      // The browser may still list the unit of the previous test.
      await expect.poll(count).toBe(0);
      await addUnit(one);
      await expect.poll(count).toBe(1);
      const result = await page.evaluate(
        ([which, on]) =>
          window.portContract.check(which, on).then(
            () => 'fulfilled',
            (error: unknown) => String(error),
          ),
        [name, link] as const,
      );
      expect(result).toBe('fulfilled');
    });
  }
}
