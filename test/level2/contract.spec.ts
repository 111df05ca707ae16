// The port contract of level 1, clause by clause, over the browser's own WebUSB and Web Serial, in a page that holds nothing else.
import { unit } from '#test/e2e/support/test.ts';
import { PORT_CONTRACT } from '../contract/transport/port.contract.ts';
import { bundleForPage } from './contract/bundle.ts';
import { expect, requireLevel2, test } from './support/test.ts';

requireLevel2();

let script: Promise<string> | undefined;

for (const link of ['usb', 'serial'] as const) {
  for (const { name } of PORT_CONTRACT) {
    test(`a real ${link} port ${name}`, async ({ bring, page, service, desk }) => {
      const one = unit(undefined, { link });
      script ??= bundleForPage();
      await page.addInitScript(await script);
      await page.exposeFunction('unplugUnit', () => desk.call('unplug', one.sn));
      await page.goto(`${service.url}/favicon.svg`);
      const seen = () =>
        page.evaluate(
          async (kind) =>
            (kind === 'usb' ? await navigator.usb.getDevices() : await navigator.serial.getPorts()).length,
          link,
        );
      // The unit of the test before may be on its way out: only then is the next one this one.
      await expect.poll(seen).toBe(0);
      await bring(one);
      await expect.poll(seen).toBe(1);
      const end = await page.evaluate(
        ([which, on]) =>
          window.portContract.check(which, on).then(
            () => 'as the clause says',
            (error: unknown) => String(error),
          ),
        [name, link] as const,
      );
      expect(end).toBe('as the clause says');
    });
  }
}
