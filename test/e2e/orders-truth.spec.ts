// The AS decides the state of an order, and every station that has the order open shows this state.
import { injectSimulator } from './support/inject.ts';
import { issue, OrdersPage, openNew } from './support/orders-page.ts';
import { DIVERSIFIED } from './support/sets.ts';
import { StationPage } from './support/station-page.ts';
import { expect, test, unit } from './support/test.ts';
import { TokensPage } from './support/tokens-page.ts';
import { issueVault } from './support/vaults.ts';

test('a station that has an order open can no longer work it after the AS has revoked it', async ({
  open,
  service,
  page,
}) => {
  const one = unit();
  const id = await issue(service, { units: [one.sn] });
  const station = await open([one]);
  await station.signIn(service.token);
  const orders = new OrdersPage(page);
  await orders.open(id);
  await service.cli('order', 'revoke', id, 'laptop lost');
  await orders.attach(one.sn);
  await expect(page.getByText('This order is revoked.')).toBeVisible();
  await expect(page.getByRole('button', { name: /^(Start order|Go on)/ })).toHaveCount(0);
  await expect(orders.tile(one.sn).getByRole('button', { name: /^(Load again|Set aside)$/ })).toHaveCount(0);
});

test('a second station asks its operator why a unit is loaded again, and sends no other reason', {
  tag: '@long',
}, async ({ open, service, page, browser }) => {
  const one = unit();
  const refused = { fault: 'refuse', ins: 0xd8, statusWord: 0x6985 } as const;
  const { id, orders } = await openNew({ open, service, page }, [{ ...one, faults: [refused] }], { units: [one.sn] });
  await orders.start();
  await orders.attach(one.sn);
  await orders.expectWord(one.sn, 'Not loaded');

  const context = await browser.newContext();
  const elsewhere = await context.newPage();
  const reasons: (string | undefined)[] = [];
  elsewhere.on('request', (request) => {
    if (!request.url().endsWith('/v1/exports')) return;
    reasons.push((request.postDataJSON() as { readonly reason?: string }).reason);
  });
  await injectSimulator(elsewhere, [one]);
  await elsewhere.goto(service.url);
  await new StationPage(elsewhere).signIn(service.token);
  const board = new OrdersPage(elsewhere);
  await board.open(id);
  await board.start();
  await board.attach(one.sn);
  await board.expectWord(one.sn, 'Reason needed');
  const tile = board.tile(one.sn);
  await expect(tile).toContainText(
    'Enter a reason, then press “Load again”. This key was already sent to this unit in this order.',
  );
  await tile.getByLabel('Reason for loading this unit again').fill('Second board fitted');
  await tile.getByRole('button', { name: 'Load again' }).click();
  await board.expectWord(one.sn, 'Unplug');
  expect(reasons).toEqual([undefined, 'Second board fitted']);
  await context.close();
});

test('an order that was worked from a vault can be closed after the journal of the vault is returned', {
  tag: '@long',
}, async ({ open, service, page }) => {
  const one = unit();
  const vault = await issueVault(service, DIVERSIFIED, [one], '--exports', '5');
  const { station, orders } = await openNew({ open, service, page }, [one], { units: [one.sn] });
  await page.getByRole('button', { name: 'Sign out' }).click();
  const tokens = new TokensPage(page);
  await tokens.open('Vault file');
  await tokens.openVault(vault);
  await tokens.goToStation();
  await orders.start();
  await orders.attach(one.sn);
  await orders.expectWord(one.sn, 'Unplug');
  await page.getByRole('button', { name: 'Lock', exact: true }).click();
  await station.signIn(service.token);

  const alert = page.getByRole('alert').filter({ hasText: /Return the journal of vault [0-9A-F]{4} first\./ });
  await expect(alert).toContainText('The AS does not have the receipts of this vault yet.');
  const close = page.getByRole('button', { name: 'Close and sign order' });
  await expect(close).toHaveCount(0);
  await alert.getByRole('button', { name: /^Return journal of vault [0-9A-F]{4}$/ }).click();
  await close.click();
  await orders.openReport();
  const sheet = page.getByRole('article');
  await expect(sheet.getByRole('heading', { level: 2 })).toHaveText('Genuine');
  await expect(sheet).toContainText('1: 1 done');
});
