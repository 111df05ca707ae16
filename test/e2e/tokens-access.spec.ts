// Accessibility of the Tokens view: checks every state with axe, in light mode, and in dark mode on
// a narrow screen.
import { expectAccessible } from './support/accessible.ts';
import { injectSimulator } from './support/inject.ts';
import { DIVERSIFIED } from './support/sets.ts';
import { expect, test, unit } from './support/test.ts';
import { TokensPage } from './support/tokens-page.ts';
import { issueVault } from './support/vaults.ts';

/** The window is so tall that the bar at the bottom covers no control, which axe would report. */
const NARROW = { width: 320, height: 9000 };

for (const { name, use } of [
  { name: 'in light mode', use: { colorScheme: 'light' } },
  { name: 'in dark mode at 320 px', use: { colorScheme: 'dark', viewport: NARROW } },
] as const) {
  test.describe(() => {
    test.use(use);
    test(`the Tokens view is accessible ${name}`, { tag: '@long' }, async ({ page, service, station }) => {
      const one = unit(DIVERSIFIED);
      const transportKeys = [{ tkv: 1, key: DIVERSIFIED.transportKey }];
      const token = { sn: 'CA4D0ACC', set: DIVERSIFIED.set, transportKeys, pin: '271828' };
      const vault = await issueVault(service, DIVERSIFIED, [one], '--exports', '5');
      await injectSimulator(page, [one], { tokens: [token] });
      await page.goto(service.url);
      await station.signIn(service.token);
      await page.getByRole('button', { name: 'Sign out' }).click();
      const tokens = new TokensPage(page);
      await tokens.open('AS token card');
      await expectAccessible(page, 'no card');
      await tokens.attachCard('USB', token.sn);
      await page.getByText('Change the PIN').click();
      await expectAccessible(page, 'a locked card');
      await tokens.enterPin('000000');
      await expect(page.getByText('2 tries left.')).toBeVisible();
      await expectAccessible(page, 'a wrong PIN');
      await tokens.enterPin(token.pin);
      await tokens.expectHeading('Unlocked');
      await expectAccessible(page, 'an unlocked card');
      await tokens.open('Vault file');
      await tokens.importVault(vault.text);
      await tokens.expectHeading('Locked: vault');
      await expectAccessible(page, 'a locked vault');
      await tokens.unlockVault('not the passphrase at all');
      await expect(page.getByText('Enter the passphrase again.')).toBeVisible();
      await expectAccessible(page, 'a wrong passphrase');
      await tokens.unlockVault(vault.passphrase);
      await tokens.expectHeading('Unlocked: vault');
      await expectAccessible(page, 'an unlocked vault');
      await tokens.lockVault();
      await station.openStation();
      await station.signIn(service.token);
      await tokens.open('Vault file');
      await page.getByRole('button', { name: 'Return journal' }).click();
      await expect(page.getByText('The AS has the journal and found no problems.')).toBeVisible();
      await expectAccessible(page, 'a returned journal');
    });
  });
}
