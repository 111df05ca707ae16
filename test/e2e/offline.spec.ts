// Without a network: the page opens from its cache, and keys come from a vault and from a card. A newer build never takes over in mid-run.

import { injectSimulator } from './support/inject.ts';
import { Service } from './support/service.ts';
import { FIELD_KEY, SHARED } from './support/sets.ts';
import { test, unit } from './support/test.ts';
import { TokensPage } from './support/tokens-page.ts';
import { issueVault } from './support/vaults.ts';

test.use({ serviceWorkers: 'allow' });

test('opens with the service gone, and loads keys from a vault and from a card', async ({ page, context, station }) => {
  // A service of its own, since it is stopped.
  const service = await Service.start();
  const [first, second] = [unit(SHARED, { link: 'usb' }), unit(SHARED, { link: 'serial' })];
  const token = {
    sn: 'CA4D0FF1',
    set: SHARED.set,
    profile: 'shared',
    transportKeys: [{ tkv: 1, key: SHARED.transportKey }],
    entries: [{ ref1: FIELD_KEY.ref1, label: FIELD_KEY.label, akv: 1, key: FIELD_KEY.key }],
    pin: '271828',
    latency: { data: 0, pin: 0, exportKey: 0, verifyReceipt: 0 },
  } as const;
  const vault = await issueVault(service, SHARED, [first], '--exports', '5');
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
  await tokens.importVault(vault.text);
  await tokens.unlockVault(vault.passphrase);
  await tokens.expectHeading('Unlocked: vault');
  await tokens.goToStation();
  const one = await station.attach('USB', first.sn);
  await one.load(FIELD_KEY.label, 1);
  await one.expectWord('Unplug');

  await tokens.open('AS token card');
  await tokens.attachCard('USB', token.sn);
  await tokens.enterPin(token.pin);
  await tokens.expectHeading('Unlocked: AS token card');
  await tokens.goToStation();
  const two = await station.attach('Serial', second.sn);
  await two.load(FIELD_KEY.label, 1);
  await two.expectWord('Unplug');
  await context.setOffline(false);
  await service.stop();
});
