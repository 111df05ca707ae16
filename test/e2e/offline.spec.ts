// Opens the page without a network, from its cache, and loads keys from a vault and from a card. A
// newer build never replaces the page while it runs.
import { card } from './support/cards.ts';
import { injectSimulator } from './support/inject.ts';
import { Service } from './support/service.ts';
import { FIELD_KEY, SHARED } from './support/sets.ts';
import { test, unit } from './support/test.ts';
import { TokensPage } from './support/tokens-page.ts';
import { issueVault } from './support/vaults.ts';

test.use({ serviceWorkers: 'allow' });

test('opens without the service, and loads keys from a vault and from a card over USB and serial', async ({
  page,
  context,
  station,
}) => {
  // This test stops its service, so it cannot use the service that the tests of a worker share.
  const service = await Service.start();
  const [first, second] = [unit(SHARED, { link: 'usb' }), unit(SHARED, { link: 'serial' })];
  const token = card(SHARED);
  const vault = await issueVault(service, SHARED, [first, second], '--exports', '5');
  await injectSimulator(page, [first, second], { tokens: [token] });
  await page.goto(service.url);
  await station.signIn(service.token);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  await service.halt();
  await context.setOffline(true);

  await page.reload();
  const tokens = new TokensPage(page);
  await tokens.open('Vault file');
  await tokens.openVault(vault);
  await tokens.goToStation();
  const lanes = [await station.attach('USB', first.sn), await station.attach('Serial', second.sn)];
  for (const lane of lanes) {
    await lane.load(FIELD_KEY.label, 1);
    await lane.expectWord('Unplug');
  }

  await tokens.useCard('USB', token);
  for (const lane of lanes) {
    await lane.press('Load another key');
    await lane.load(FIELD_KEY.label, 2);
    await lane.expectWord('Unplug');
  }
  await context.setOffline(false);
  await service.stop();
});
