// Keys from a vault: issued by the real service, opened in the page's own worker, used with no service at all, and its journal given back.
// What the operator reads at each turn, over USB and serial.
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import type { UnitDescription } from '#device-sim/description.ts';
import { injectSimulator } from './support/inject.ts';
import type { Service } from './support/service.ts';
import { DIVERSIFIED, FIELD_KEY, NEXT_KEY } from './support/sets.ts';
import type { StationPage } from './support/station-page.ts';
import { expect, test, unit } from './support/test.ts';
import { TokensPage } from './support/tokens-page.ts';
import { issueVault, reconcileJournal } from './support/vaults.ts';

/** A station that has pinned the root of its AS, as any has that signed in once. */
async function enrol(page: Page, station: StationPage, service: Service, units: readonly UnitDescription[]) {
  await injectSimulator(page, units);
  await page.goto(service.url);
  await station.signIn(service.token);
  await page.getByRole('button', { name: 'Sign out' }).click();
  const tokens = new TokensPage(page);
  await tokens.open('Vault file');
  return tokens;
}

async function saveJournal(page: Page): Promise<string> {
  const saving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save the journal' }).click();
  return await readFile(await (await saving).path(), 'utf8');
}

for (const [kind, link] of [
  ['USB', 'usb'],
  ['Serial', 'serial'],
] as const) {
  test(`loads a key from a vault into a unit over ${link}, and its journal balances`, async ({
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
    await page.getByRole('button', { name: 'Lock the vault' }).click();
    await tokens.expectHeading('Locked: vault');
    const report = await reconcileJournal(service, await saveJournal(page));
    expect(report).toMatch(/1 export/);
  });
}

test('a wrong passphrase is said and counted, and the right one opens all the same', async ({
  page,
  service,
  station,
}) => {
  const one = unit();
  const { text, passphrase } = await issueVault(service, DIVERSIFIED, [one], '--exports', '5');
  const tokens = await enrol(page, station, service, [one]);
  await tokens.importVault(text);
  await tokens.unlockVault('not the passphrase at all');
  await expect(page.getByText('Type the passphrase again, with care.')).toBeVisible();
  await expect(page.getByText('1 passphrase did not fit since it was unlocked last.')).toBeVisible();
  await tokens.unlockVault(passphrase.toLowerCase().replaceAll('-', ' '));
  await tokens.expectHeading('Unlocked: vault');
});

test('refuses a changed file, and one of an AS that the station never met', async ({ page, service, station }) => {
  const one = unit();
  const { text } = await issueVault(service, DIVERSIFIED, [one], '--exports', '5');
  const file = JSON.parse(text) as { sealed: string };
  const sealed = file.sealed.startsWith('A') ? `B${file.sealed.slice(1)}` : `A${file.sealed.slice(1)}`;
  const tokens = await enrol(page, station, service, [one]);
  await tokens.importVault(`${JSON.stringify({ ...file, sealed })}\n`);
  await expect(page.getByText('Do not use this file, and ask your custodian for a new one.')).toBeVisible();
  await tokens.importVault('{"not": "a vault"}');
  await expect(page.getByText('Choose the vault file that your custodian gave you.')).toBeVisible();
  await expect(page.getByRole('article')).toHaveCount(0);
});

test('stops at its quota, and at a unit that is not on its list', async ({ page, service, station }) => {
  const [first, other] = [unit(DIVERSIFIED, { link: 'usb' }), unit(DIVERSIFIED, { link: 'serial' })];
  const { text, passphrase } = await issueVault(service, DIVERSIFIED, [first], '--exports', '1');
  const tokens = await enrol(page, station, service, [first, other]);
  await tokens.importVault(text);
  await tokens.unlockVault(passphrase);
  await tokens.expectHeading('Unlocked: vault');
  await tokens.goToStation();
  const stranger = await station.attach('Serial', other.sn);
  await stranger.load(FIELD_KEY.label, 1);
  await stranger.expectSaid('Check the serial number with your work list.');
  const lane = await station.attach('USB', first.sn);
  await lane.load(FIELD_KEY.label, 1);
  await lane.expectWord('Unplug');
  await lane.press('Load another key');
  await lane.load(NEXT_KEY.label, 2);
  await lane.expectSaid('All exports that were granted are used up.');
});

test('two tabs with one vault: the second is told', async ({ page, context, service, station }) => {
  const one = unit();
  const { text, passphrase } = await issueVault(service, DIVERSIFIED, [one], '--exports', '5');
  const tokens = await enrol(page, station, service, [one]);
  await tokens.importVault(text);
  await tokens.unlockVault(passphrase);
  await tokens.expectHeading('Unlocked: vault');
  const second = new TokensPage(await context.newPage());
  await second.page.goto(service.url);
  await second.open('Vault file');
  await second.unlockVault(passphrase);
  await expect(second.page.getByText('Go on in the other tab, or lock the vault there first.')).toBeVisible();
  await page.getByRole('button', { name: 'Lock the vault' }).click();
  await tokens.expectHeading('Locked: vault');
  await second.unlockVault(passphrase);
  await second.expectHeading('Unlocked: vault');
});

/** Copies the store of the vaults aside, or puts the copy back: what somebody could do who has this browser's profile. */
async function storeOfVaults(page: Page, act: 'copy' | 'put back'): Promise<void> {
  await page.evaluate(async (what) => {
    const kept = window as unknown as { keptVaults?: Record<string, unknown[]> };
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
        for (const record of kept.keptVaults?.[name] ?? []) await done(store.add(record));
      }
    }
    if (what === 'copy') kept.keptVaults = copy;
    database.close();
  }, act);
}

test('a store that was put back to an older state is noticed when the journal is returned', async ({
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
  const loadAndReturn = async (key: string, slot: number): Promise<string> => {
    await tokens.unlockVault(passphrase);
    await tokens.expectHeading('Unlocked: vault');
    await tokens.goToStation();
    const lane = slot === 1 ? await station.attach('USB', one.sn) : station.lane(one.sn);
    if (slot > 1) await lane.press('Load another key');
    await lane.load(key, slot);
    await lane.expectWord('Unplug');
    await tokens.open('Vault file');
    await page.getByRole('button', { name: 'Lock the vault' }).click();
    await tokens.expectHeading('Locked: vault');
    return await reconcileJournal(service, await saveJournal(page));
  };
  expect(await loadAndReturn(FIELD_KEY.label, 1)).not.toContain('older state');
  await storeOfVaults(page, 'put back');
  expect(await loadAndReturn(NEXT_KEY.label, 2)).toContain('put back to an older state');
});
