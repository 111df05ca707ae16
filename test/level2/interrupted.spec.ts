// Reloads or closes the page while the unit writes the key, over the browser's real WebUSB and Web
// Serial. The unit completes the import, and the next page settles the attempt.
import { DIVERSIFIED, FIELD_KEY } from '#test/e2e/support/sets.ts';
import { StationPage } from '#test/e2e/support/station-page.ts';
import { unit } from '#test/e2e/support/test.ts';
import { expect, requireLevel2, test } from './support/test.ts';

requireLevel2();

const WRITING_MS = 1500;

for (const link of ['usb', 'serial'] as const) {
  for (const how of ['reloaded', 'closed and opened again'] as const) {
    test(`a page ${how} during an import over ${link} settles the attempt`, async ({
      addUnit,
      open,
      page,
      service,
      devices,
    }) => {
      const latency = { identity: 0, challenge: 0, importKey: WRITING_MS };
      const one = await addUnit(unit(DIVERSIFIED, { link, latency }));
      const station = await open();
      await station.lane(one.sn).load(FIELD_KEY.label, 1);
      await station.lane(one.sn).expectSaid('The unit writes the key');
      page.on('dialog', (dialog) => void dialog.accept());
      let next = page;
      if (how === 'reloaded') {
        await page.reload();
      } else {
        next = await page.context().newPage();
        await page.close();
        await next.goto(service.url);
      }
      const back = new StationPage(next);
      await expect(back.lanes.first()).toBeVisible();
      await back.signIn(service.token);
      await expect.poll(() => devices.call('holds', one.sn, FIELD_KEY.key)).toBe(true);
      await expect(back.lane(one.sn).word).toHaveText(/^(Unplug|Done)$/);
    });
  }
}
