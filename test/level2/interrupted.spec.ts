// The page goes while the unit writes: reloaded or closed, over the browser's own WebUSB and Web Serial. The unit writes on, and the
// next page settles what became of it.

import { DIVERSIFIED, FIELD_KEY } from '#test/e2e/support/sets.ts';
import { StationPage } from '#test/e2e/support/station-page.ts';
import { unit } from '#test/e2e/support/test.ts';
import { expect, requireLevel2, test } from './support/test.ts';

requireLevel2();

const WRITING_MS = 1500;

for (const link of ['usb', 'serial'] as const) {
  for (const how of ['reloaded', 'closed and opened again'] as const) {
    test(`a page that is ${how} in mid-import settles it over ${link}`, async ({
      bring,
      open,
      page,
      service,
      desk,
    }) => {
      const latency = { identity: 0, challenge: 0, importKey: WRITING_MS };
      const one = await bring(unit(DIVERSIFIED, { link, latency }));
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
      await expect.poll(() => desk.call('holds', one.sn, FIELD_KEY.key)).toBe(true);
      await expect(back.lane(one.sn).word).toHaveText(/^(Unplug|Done)$/);
    });
  }
}
