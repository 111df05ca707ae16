// Attaches an AS token card with the real choosers of the browser, over its real WebUSB and Web
// Serial. Enters the PIN, and loads a key from the card into a unit that a managed policy permits.
// There is no remote AS.
import { card, PIN } from '#test/e2e/support/cards.ts';
import { DIVERSIFIED, FIELD_KEY } from '#test/e2e/support/sets.ts';
import { StationPage } from '#test/e2e/support/station-page.ts';
import { unit } from '#test/e2e/support/test.ts';
import { TokensPage } from '#test/e2e/support/tokens-page.ts';
import { startBrowser } from './support/browser.ts';
import { choose } from './support/chooser.ts';
import { startDisplay } from './support/display.ts';
import { expect, requireLevel2, test } from './support/test.ts';

requireLevel2();

for (const [cardLink, unitLink] of [
  ['usb', 'serial'],
  ['serial', 'usb'],
] as const) {
  test(`loads a key from a card over ${cardLink} into a unit over ${unitLink}`, async ({
    addUnit,
    addCard,
    service,
    machine,
    devices,
  }) => {
    const one = await addUnit(unit(DIVERSIFIED, { link: unitLink }));
    const token = await addCard(
      card(DIVERSIFIED, { sn: cardLink === 'usb' ? 'CA4D2001' : 'CA4D2002', link: cardLink }),
    );
    const display = await startDisplay();
    const started = await startBrowser({ machine, devices, permitted: service.url, display: display.name });
    try {
      const page = await started.browser.newPage();
      await page.goto(service.url);
      await new StationPage(page).lane(one.sn).expectSaid(one.sn);
      const tokens = new TokensPage(page);
      await tokens.open('AS token card');
      const button = page.getByRole('button', { name: `Attach card by ${cardLink === 'usb' ? 'USB' : 'serial'}` });
      await button.click();
      await choose({ display: display.name, viewsPort: started.viewsPort });
      await expect(page.getByText('3 tries left.')).toBeVisible();
      await tokens.enterPin(PIN);
      await tokens.expectHeading('Unlocked');
      await tokens.goToStation();
      const lane = new StationPage(page).lane(one.sn);
      await lane.load(FIELD_KEY.label, 2);
      await lane.expectWord('Unplug');
      expect(await devices.call('holds', one.sn, FIELD_KEY.key)).toBe(true);
      expect(await devices.call('token', token.sn)).toMatchObject({ xc: 1, quotaLeft: 99, receipts: 1, pinTries: 3 });
    } finally {
      await started.close();
      display.server.kill();
    }
  });
}
