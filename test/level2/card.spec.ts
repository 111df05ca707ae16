// The AS token card in the browser's own choosers, over its own WebUSB and Web Serial: its PIN, and a key from it into a unit that a
// policy permits, with no AS on the network.
import type { TokenDescription } from '#device-sim/token-description.ts';
import { DIVERSIFIED, FIELD_KEY } from '#test/e2e/support/sets.ts';
import { StationPage } from '#test/e2e/support/station-page.ts';
import { unit } from '#test/e2e/support/test.ts';
import { TokensPage } from '#test/e2e/support/tokens-page.ts';
import { startBrowser } from './support/browser.ts';
import { choose, startDisplay } from './support/display.ts';
import { appears, expect, requireLevel2, test } from './support/test.ts';

requireLevel2();

const PIN = '271828';

function card(sn: string, link: 'usb' | 'serial'): TokenDescription {
  return {
    sn,
    link,
    set: DIVERSIFIED.set,
    profile: 'diversified',
    family: 'cmac',
    transportKeys: [{ tkv: 1, key: DIVERSIFIED.transportKey }],
    entries: [{ ref1: FIELD_KEY.ref1, label: FIELD_KEY.label, akv: 1, key: FIELD_KEY.key }],
    pin: PIN,
    latency: { data: 0, pin: 0, exportKey: 0, verifyReceipt: 0 },
  };
}

for (const [cardLink, unitLink] of [
  ['usb', 'serial'],
  ['serial', 'usb'],
] as const) {
  test(`loads a key from a card over ${cardLink} into a unit over ${unitLink}`, async ({
    bring,
    bringCard,
    service,
    machine,
    desk,
  }) => {
    const one = await bring(unit(DIVERSIFIED, { link: unitLink }));
    const token = await bringCard(card(cardLink === 'usb' ? 'CA4D2001' : 'CA4D2002', cardLink));
    const display = await startDisplay();
    const started = await startBrowser({ machine, devices: desk, permitted: service.url, display: display.name });
    try {
      const page = await started.browser.newPage();
      await page.goto(service.url);
      await new StationPage(page).lane(one.sn).expectSaid(one.sn);
      const tokens = new TokensPage(page);
      await tokens.open('AS token card');
      const button = page.getByRole('button', { name: `Card by ${cardLink === 'usb' ? 'USB' : 'serial'}` });
      await choose(
        display,
        () => button.click(),
        () => appears(page.getByText('3 tries left.')),
      );
      await tokens.enterPin(PIN);
      await tokens.expectHeading('Unlocked');
      await tokens.goToStation();
      const lane = new StationPage(page).lane(one.sn);
      await lane.load(FIELD_KEY.label, 2);
      await lane.expectWord('Unplug');
      expect(await desk.call('holds', one.sn, FIELD_KEY.key)).toBe(true);
      expect(await desk.call('token', token.sn)).toMatchObject({ xc: 1, quotaLeft: 99, receipts: 1, pinTries: 3 });
    } finally {
      await started.close();
      display.server.kill();
    }
  });
}
