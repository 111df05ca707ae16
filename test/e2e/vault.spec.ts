// Loads keys from a vault over USB and serial. The service issues the vault, and a worker of the
// page unlocks it. The page loads keys from the vault without the service, then returns the vault
// journal to the service. Checks the sentences that the operator reads.
import type { Page } from '@playwright/test';
import { fromHex } from '#protocol/bytes/hex.ts';
import { createTestVault, quickKey } from '#test/support/vault.ts';
import { DIVERSIFIED, FIELD_KEY, NEXT_KEY, SHARED } from './support/sets.ts';
import { expect, test, unit } from './support/test.ts';
import { TokensPage } from './support/tokens-page.ts';
import { enrol, issueVault, reconcileJournal, saveJournal } from './support/vaults.ts';

const WRONG_SET = 'The AS has no keys for the set of this unit. Tell your administrator.';

for (const [kind, link] of [
  ['USB', 'usb'],
  ['Serial', 'serial'],
] as const) {
  test(`loads a key from a vault into a unit over ${link}, and the AS reconciles the vault journal`, async ({
    page,
    service,
    station,
  }) => {
    const one = unit(DIVERSIFIED, { link });
    const { text, passphrase } = await issueVault(service, DIVERSIFIED, [one], '--exports', '5');
    const tokens = await enrol(page, station, service, [one]);
    await tokens.importVault(text);
    await tokens.expectHeading('Locked: vault');
    await expect(page.getByText('5 of 5')).toBeVisible();
    await tokens.unlockVault(passphrase);
    await tokens.expectHeading('Unlocked: vault');
    await tokens.goToStation();
    const lane = await station.attach(kind, one.sn);
    await lane.load(FIELD_KEY.label, 2);
    await lane.expectWord('Unplug');
    await lane.expectSaid('The token has verified the receipt');
    const memory = await page.evaluate((sn) => window.keyferrySimulator?.memory(sn), one.sn);
    expect(memory?.slots.find(({ ref2 }) => ref2 === 2)?.holdsKey).toBe(true);
    await tokens.open('Vault file');
    await expect(page.getByText('4 of 5')).toBeVisible();
    await tokens.lockVault();
    const report = await reconcileJournal(service, await saveJournal(page));
    expect(report).toMatch(/1 export/);
  });
}

test('a wrong passphrase is reported and counted, and the correct one unlocks the vault', { tag: '@long' }, async ({
  page,
  service,
  station,
}) => {
  const one = unit();
  const { text, passphrase } = await issueVault(service, DIVERSIFIED, [one], '--exports', '5');
  const tokens = await enrol(page, station, service, [one]);
  await tokens.importVault(text);
  await tokens.unlockVault('not the passphrase at all');
  await expect(page.getByText('Enter the passphrase again.')).toBeVisible();
  await expect(page.getByText('1 wrong passphrase since the last unlocking.')).toBeVisible();
  await tokens.unlockVault(passphrase.toLowerCase().replaceAll('-', ' '));
  await tokens.expectHeading('Unlocked: vault');
});

test('refuses a changed file, and a file of an AS whose root key is not pinned', async ({ page, service, station }) => {
  const one = unit();
  const { text } = await issueVault(service, DIVERSIFIED, [one], '--exports', '5');
  const file = JSON.parse(text) as { sealed: string };
  const sealed = file.sealed.startsWith('A') ? `B${file.sealed.slice(1)}` : `A${file.sealed.slice(1)}`;
  const tokens = await enrol(page, station, service, [one]);
  await tokens.importVault(`${JSON.stringify({ ...file, sealed })}\n`);
  await expect(page.getByText('Do not use this file, and ask your custodian for a new one.')).toBeVisible();
  await tokens.importVault('{"not": "a vault"}');
  await expect(page.getByText('Choose the vault file that your custodian gave you.')).toBeVisible();
  const foreign = await createTestVault({
    set: DIVERSIFIED.set,
    transportKeys: [{ tkv: 1, key: fromHex(DIVERSIFIED.transportKey) }],
    keys: [{ ref1: FIELD_KEY.ref1, akv: 1, key: fromHex(FIELD_KEY.key) }],
    units: [one.sn.padStart(32, '0')],
    derive: quickKey,
  });
  await tokens.importVault(foreign.text);
  await expect(
    page.getByText('Sign in once to the AS that issued this vault, then open the vault again.'),
  ).toBeVisible();
  await expect(
    page.getByText('This station has not pinned the root key of the AS that issued this vault.'),
  ).toBeVisible();
  await expect(page.getByRole('article')).toHaveCount(0);
});

test('an expired vault shows what to do, and has no passphrase field', { tag: '@long' }, async ({
  page,
  service,
  station,
}) => {
  const one = unit();
  const { text } = await issueVault(service, DIVERSIFIED, [one], '--exports', '5', '--days', '2');
  const tokens = await enrol(page, station, service, [one]);
  await tokens.importVault(text);
  await expect(page.getByLabel(/^Passphrase of vault/)).toBeVisible();
  await page.clock.setSystemTime(Date.now() + 3 * 86_400_000);
  await station.openStation();
  await tokens.open('Vault file');
  await expect(page.getByText('Return the journal, and ask your custodian for a new vault.')).toBeVisible();
  await expect(page.getByText('This vault has expired.')).toBeVisible();
  await expect(page.getByLabel(/^Passphrase of vault/)).toHaveCount(0);
});

test('refuses a unit of another set, a unit that is not listed, and an export above the quota', {
  tag: '@long',
}, async ({ page, service, station }) => {
  const [first, other] = [unit(DIVERSIFIED, { link: 'usb' }), unit(DIVERSIFIED, { link: 'serial' })];
  const third = unit(SHARED, { link: 'usb' });
  const vault = await issueVault(service, DIVERSIFIED, [first], '--exports', '1');
  const tokens = await enrol(page, station, service, [first, other, third]);
  await tokens.openVault(vault);
  await tokens.goToStation();
  const elsewhere = await station.attach('USB', third.sn);
  await elsewhere.expectSaid(WRONG_SET);
  await expect(elsewhere.root.getByRole('radio')).toHaveCount(0);
  const stranger = await station.attach('Serial', other.sn);
  await stranger.load(FIELD_KEY.label, 1);
  await stranger.expectSaid('If the serial number is on your list, tell your administrator.');
  const lane = await station.attach('USB', first.sn);
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Unplug');
  await lane.press('Load another key');
  await lane.load(NEXT_KEY.label, 2);
  await lane.expectSaid('All granted exports are used up.');
});

test('a second tab cannot unlock the same vault, and shows why', { tag: '@long' }, async ({
  page,
  context,
  service,
  station,
}) => {
  const one = unit();
  const vault = await issueVault(service, DIVERSIFIED, [one], '--exports', '5');
  const tokens = await enrol(page, station, service, [one]);
  await tokens.openVault(vault);
  const second = new TokensPage(await context.newPage());
  await second.page.goto(service.url);
  await second.open('Vault file');
  await second.unlockVault(vault.passphrase);
  await expect(second.page.getByText('Continue in the other tab, or lock the vault there first.')).toBeVisible();
  await tokens.lockVault();
  await second.unlockVault(vault.passphrase);
  await second.expectHeading('Unlocked: vault');
});

/** Copies the vault store, or restores the copy, as an attacker with the browser profile could. */
async function storeOfVaults(page: Page, act: 'copy' | 'restore'): Promise<void> {
  await page.evaluate(async (what) => {
    const saved = window as unknown as { savedVaults?: Record<string, unknown[]> };
    const done = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await done(indexedDB.open('keyferry-vaults'));
    const names = [...database.objectStoreNames];
    const stores = database.transaction(names, 'readwrite');
    const copy: Record<string, unknown[]> = {};
    for (const name of names) {
      const store = stores.objectStore(name);
      if (what === 'copy') copy[name] = await done(store.getAll());
      else {
        await done(store.clear());
        for (const record of saved.savedVaults?.[name] ?? []) await done(store.add(record));
      }
    }
    if (what === 'copy') saved.savedVaults = copy;
    database.close();
  }, act);
}

test('a returned journal adds a signed verdict, and the AS detects a restored store', async ({
  page,
  service,
  station,
}) => {
  const one = unit();
  const { text, passphrase } = await issueVault(service, DIVERSIFIED, [one], '--exports', '2');
  const tokens = await enrol(page, station, service, [one]);
  await tokens.importVault(text);
  await expect(page.getByLabel(/^Passphrase of vault/)).toBeVisible();
  await storeOfVaults(page, 'copy');
  const loadAndReturn = async (key: string, slot: number): Promise<void> => {
    await tokens.open('Vault file');
    await tokens.unlockVault(passphrase);
    await tokens.expectHeading('Unlocked: vault');
    await tokens.goToStation();
    const lane = slot === 1 ? await station.attach('USB', one.sn) : station.lane(one.sn);
    if (slot > 1) await lane.press('Load another key');
    await lane.load(key, slot);
    await lane.expectWord('Unplug');
    await tokens.open('Vault file');
    await tokens.lockVault();
    await expect(page.getByRole('button', { name: 'Return journal' })).toHaveCount(0); // without a session
    await station.openStation();
    await station.signIn(service.token);
    await tokens.open('Vault file');
    await page.getByRole('button', { name: 'Return journal' }).click();
  };
  await loadAndReturn(FIELD_KEY.label, 1);
  await expect(page.getByText('The AS has the journal and found no problems.')).toBeVisible();
  await expect(page.getByText('The AS verified 1 of the receipts. 1 verdict is in the history')).toBeVisible();
  const rows = await station.openHistory();
  await rows.first().getByRole('button').first().click();
  await expect(rows.first()).toContainText('Signed verdict of the AS');

  await tokens.open('Vault file');
  await storeOfVaults(page, 'restore');
  await station.openStation();
  await loadAndReturn(NEXT_KEY.label, 2);
  await expect(page.getByText('Tell your custodian what the AS found.')).toBeVisible();
  await expect(page.getByText('the database was put back to an older state')).toBeVisible();
  await expect(page.getByText('Export number 1 was used 2 times, with different DATA.')).toBeVisible();
});
