// Loads keys from an AS token card over USB and serial, without a network or a sign-in, and checks
// the sentences that the operator reads.
import { card, PIN } from './support/cards.ts';
import { injectSimulator } from './support/inject.ts';
import { DIVERSIFIED, FIELD_KEY, SHARED } from './support/sets.ts';
import { expect, test, unit } from './support/test.ts';
import { TokensPage } from './support/tokens-page.ts';

/** Runs only in `npm run test:long`. */
const LONG = { tag: '@long' };

for (const [cardKind, unitKind, link, details] of [
  ['USB', 'Serial', 'serial', {}],
  ['USB', 'USB', 'usb', LONG],
  ['serial', 'USB', 'usb', {}],
  ['serial', 'Serial', 'serial', LONG],
] as const) {
  test(
    `loads a key from a card over ${cardKind} into a unit over ${link}`,
    details,
    async ({ page, service, station }) => {
      const one = unit(DIVERSIFIED, { link });
      const token = card(DIVERSIFIED, { link: cardKind === 'USB' ? 'usb' : 'serial' });
      await injectSimulator(page, [one], { tokens: [token] });
      await page.goto(service.url);
      const tokens = new TokensPage(page);
      await tokens.useCard(cardKind, token);
      const lane = await station.attach(unitKind, one.sn);
      await lane.load(FIELD_KEY.label, 2);
      await lane.expectWord('Unplug');
      await lane.expectSaid('The token has verified the receipt');
      const digest = await page.evaluate((sn) => window.keyferrySimulator?.token(sn), token.sn);
      expect(digest).toMatchObject({ xc: 1, quotaLeft: 99, receipts: 1 });
      await tokens.open('AS token card');
      await expect(page.getByText('Exports left')).toBeVisible();
      await expect(page.getByRole('definition').filter({ hasText: /^99$/ })).toBeVisible();
    },
  );
}

test('shows the tries before each PIN entry, warns before the last, and shows a blocked card', async ({
  page,
  service,
}) => {
  const token = card(DIVERSIFIED);
  await injectSimulator(page, [], { tokens: [token] });
  await page.goto(service.url);
  const tokens = new TokensPage(page);
  await tokens.open('AS token card');
  await tokens.attachCard('USB', token.sn);
  await tokens.enterPin('000000');
  await expect(page.getByText('2 tries left.')).toBeVisible();
  await expect(page.getByText('The PIN is wrong.')).toBeVisible();
  await tokens.enterPin('12');
  await expect(page.getByText('Nothing was sent to the card, and no try was used.')).toBeVisible();
  await tokens.enterPin('000000');
  await expect(page.getByText('1 try left.')).toBeVisible();
  await expect(page.getByText('One more wrong PIN blocks this card permanently.')).toBeVisible();
  await tokens.enterPin('000000');
  await tokens.expectHeading('Blocked');
  await expect(page.getByText('Return the token to your custodian, who issued it.')).toBeVisible();
  await expect(page.getByLabel('PIN of the card')).toHaveCount(0);
});

test('changes the PIN, and the locked card requires the new one', { tag: '@long' }, async ({ page, service }) => {
  const token = card(DIVERSIFIED);
  await injectSimulator(page, [], { tokens: [token] });
  await page.goto(service.url);
  const tokens = new TokensPage(page);
  await tokens.open('AS token card');
  await tokens.attachCard('USB', token.sn);
  await tokens.enterPin(PIN);
  await tokens.expectHeading('Unlocked');
  await page.getByText('Change the PIN').click();
  await page.getByLabel('Current PIN').fill(PIN);
  await page.getByLabel('New PIN').fill('31415926');
  await page.getByRole('button', { name: 'Change PIN' }).click();
  await expect(page.getByText('The PIN was changed.')).toBeVisible();
  await page.getByRole('button', { name: 'Lock card' }).click();
  await tokens.expectHeading('Locked');
  await tokens.enterPin('31415926');
  await tokens.expectHeading('Unlocked');
});

test('refuses a unit of another set, a unit that is not listed, and an export above the quota', {
  tag: '@long',
}, async ({ page, service, station }) => {
  const third = unit(SHARED, { link: 'usb' });
  const [first, other] = [unit(DIVERSIFIED, { link: 'usb' }), unit(DIVERSIFIED, { link: 'serial' })];
  const token = card(DIVERSIFIED, { quota: 1, units: [first.sn] });
  await injectSimulator(page, [first, other, third], { tokens: [token] });
  await page.goto(service.url);
  const tokens = new TokensPage(page);
  await tokens.useCard('USB', token);
  const elsewhere = await station.attach('USB', third.sn);
  await elsewhere.expectSaid('The AS has no keys for the set of this unit. Tell your administrator.');
  const stranger = await station.attach('Serial', other.sn);
  await stranger.load(FIELD_KEY.label, 1);
  await stranger.expectSaid('If the serial number is on your list, tell your administrator.');
  const lane = await station.attach('USB', first.sn);
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Unplug');
  await stranger.press('Choose key again');
  await stranger.load(FIELD_KEY.label, 1);
  await stranger.expectSaid('All granted exports are used up.');
});

test('a card that is unplugged during an export can be attached again, and the key can then be loaded', {
  tag: '@long',
}, async ({ page, service, station }) => {
  const one = unit(DIVERSIFIED, { link: 'serial' });
  const token = card(DIVERSIFIED);
  await injectSimulator(page, [one], { tokens: [token] });
  await page.goto(service.url);
  const tokens = new TokensPage(page);
  await tokens.useCard('USB', token);
  const lane = await station.attach('Serial', one.sn);
  await lane.choose(FIELD_KEY.label, 1);
  await station.fault(token.sn, { fault: 'unplug', direction: 'in', after: 20 });
  await lane.root.getByRole('button', { name: 'Load into slot 1' }).click();
  await lane.expectWord('Not loaded');
  await lane.expectSaid('Plug the token in again and unlock it, then press “Choose key again”.');
  await expect(page.getByText('Not signed in to an AS')).toBeVisible();
  await station.plug(token.sn);
  await tokens.useCard('USB', token);
  await lane.press('Load again');
  await lane.expectWord('Unplug');
});
