// The vaults of a browser: import, unlocking, locking, several tabs, and the return of the journal.
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { attach } from '#protocol/provisioning/attached-unit.ts';
import { createUnit, TEST_SET, TEST_SN, TEST_TKV } from '#test/support/units.ts';
import { load } from '#web/state/station/load-attempt.ts';
import { VaultStore } from '#web/vault-store/vault-store.ts';
import { createBench } from '../station/station-fixture.ts';
import { Browser, file, type Unlocked, unlocked, vaultOf } from './vault-fixture.ts';

describe('a vault file', () => {
  it('is listed with its header after its signature is verified', async () => {
    const vault = await vaultOf();
    const { vaults } = new Browser().tab([vault]);
    await vaults.import(file(vault.text));
    expect(vaults.vaults).toMatchObject([
      { number: '0007', exports: 0, wrongPassphrases: 0, hasJournal: false, obstacle: undefined },
    ]);
    expect(vaults.vaults[0]?.header.quota.exports).toBe(3);
  });

  it('is accepted with other line ends, and stored as the AS wrote it', async () => {
    const vault = await vaultOf();
    const browser = new Browser();
    const { vaults } = browser.tab([vault]);
    await vaults.import(file(`\ufeff${vault.text.replaceAll(/.{76}/g, '$&\r\n')}\r\n`));
    expect(vaults.failure).toBeUndefined();
    await vaults.unlock(vault.header.vaultId, vault.passphrase);
    expect(vaults.unlockedId).toBe(vault.header.vaultId);
  });

  it.each([
    [
      'is cut short',
      (text: string) => text.slice(0, -300),
      'This file is cut short.',
      'Copy or download the file again',
    ],
    [
      'is a ZIP archive',
      () => 'PK\u0003\u0004',
      'This file is a spreadsheet or a ZIP archive, not text.',
      'In the spreadsheet, save the file as CSV UTF-8',
    ],
    ['is a web page', () => '<!doctype html>', 'This file is a web page.', 'Download the file itself again'],
  ])('that %s is reported as such', async (_what, change, title, remedy) => {
    const vault = await vaultOf();
    const { vaults } = new Browser().tab([vault]);
    await vaults.import(file(change(vault.text)));
    expect(vaults.failure?.failure).toEqual({ code: 'file-refused', message: { title, remedy } });
  });

  const REFUSED: readonly (readonly [string, () => Promise<string>, string])[] = [
    ['is not a vault', async () => '{}', 'vault-malformed'],
    ['is signed by an AS whose root key is not pinned', async () => (await vaultOf()).text, 'vault-untrusted'],
  ];

  it.each(REFUSED)('is not stored when it %s', async (_what, text, expected) => {
    const { vaults } = new Browser().tab([await vaultOf()]);
    await vaults.import(file(await text()));
    expect(vaults.failure).toMatchObject({ vault: undefined, failure: { code: expected } });
    expect(vaults.vaults).toEqual([]);
  });

  it('that is imported again keeps the count of wrong passphrases', async () => {
    const vault = await vaultOf();
    const { vaults } = new Browser().tab([vault]);
    await vaults.import(file(vault.text));
    await vaults.unlock(vault.header.vaultId, 'not the passphrase');
    await vaults.import(file(vault.text));
    expect(vaults.vaults).toMatchObject([{ wrongPassphrases: 1 }]);
  });

  it('whose root key is no longer pinned does not hide the other vaults', async () => {
    const browser = new Browser();
    const [old, present] = [await vaultOf(), await vaultOf()];
    const before = browser.tab([old, present]);
    await before.vaults.import(file(old.text));
    await before.vaults.import(file(present.text));
    const { vaults } = browser.tab([present]);
    await vaults.read();
    expect(vaults.vaults.map(({ id }) => id)).toEqual([present.header.vaultId]);
    expect(vaults.failure).toEqual({ vault: undefined, failure: { code: 'vault-untrusted' } });
    await vaults.unlock(present.header.vaultId, present.passphrase);
    expect(vaults.unlockedId).toBe(present.header.vaultId);
  });

  it('that has expired is shown as expired before a passphrase is entered', async () => {
    const vault = await vaultOf({ expires: '2026-11-23T11:00:00.000Z' });
    const { vaults } = new Browser().tab([vault]);
    await vaults.import(file(vault.text));
    expect(vaults.vaults).toMatchObject([{ obstacle: { code: 'vault-expired' } }]);
  });
});

describe('a passphrase', () => {
  it('that a mail program changed unlocks its vault, and counts as one additional try', async () => {
    const vault = await vaultOf({ passphrase: `correct horse's "battery" - staple` });
    const { vaults } = new Browser().tab([vault]);
    await vaults.import(file(vault.text));
    await vaults.unlock(vault.header.vaultId, ' correct horse’s “battery” – staple\u00a0');
    expect(vaults.failure).toBeUndefined();
    expect(vaults.unlockedId).toBe(vault.header.vaultId);
  });

  it('with characters that no keyboard has still unlocks a vault that was sealed under it', async () => {
    const passphrase = '  ‘battery’ — staple\u200b';
    const vault = await vaultOf({ passphrase });
    const { vaults } = new Browser().tab([vault]);
    await vaults.import(file(vault.text));
    await vaults.unlock(vault.header.vaultId, passphrase);
    expect(vaults.unlockedId).toBe(vault.header.vaultId);
  });
});

describe('an unlocked vault', () => {
  it('provides its keys to the session, and can load a key into a unit', async () => {
    const { vaults, session, vault } = await unlocked();
    expect(vaults.unlockedId).toBe(vault.header.vaultId);
    expect(session.signedIn).toMatchObject({ kind: 'vault', service: { name: 'Vault 0007', asNumber: 7 } });
    expect(session.signedIn?.sets).toEqual([vault.header.set]);
    const { journal } = await createBench();
    const device = await attach(createUnit().transmit);
    if (session.local === undefined) throw new Error('no vault is in use');
    const attempt = {
      link: 'usb',
      sn: toHex(TEST_SN),
      set: TEST_SET,
      tkv: TEST_TKV,
      profile: 'diversified',
      ref1: 0x0103,
      ref2: 2,
      keyLabel: 'Terminal key',
      akv: 1,
      kcv: vault.header.set.keys[0]?.kcv ?? '',
      operator: 'Vault 0007',
      service: session.origin,
      demo: false,
      idempotencyKey: 'AAAAAAAAAAAAAAAAAAAAAA',
    } as const;
    const request = {
      ref1: 0x0103,
      ref2: 2,
      suites: [0x01],
      sign: false,
      idempotencyKey: attempt.idempotencyKey,
    } as const;
    expect(await session.local.exportsLeft?.()).toBe(3);
    expect(await load({ source: session.local, journal }, device, attempt, request)).toMatchObject({ is: 'done' });
    expect(await session.local.exportsLeft?.()).toBe(2);
    expect(vaults.vaults).toMatchObject([{ exports: 1 }]);
  });

  it.each([
    ['at the request of the operator', async ({ vaults }: Unlocked) => vaults.lock()],
    ['at sign-out', async ({ session }: Unlocked) => session.signOut()],
  ])('is locked %s, which ends its worker and signs its journal', async (_when, lock) => {
    const made = await unlocked();
    await lock(made);
    await expect.poll(() => made.vaults.unlockedId).toBeUndefined();
    await expect.poll(() => made.vaults.vaults[0]?.hasJournal).toBe(true);
    expect(made.browser.workers.at(-1)?.isTerminated).toBe(true);
    expect(made.session.signedIn).toBeUndefined();
    const saved = await made.vaults.journal(made.vault.header.vaultId);
    expect(saved?.name).toBe('vault-0007-journal.json');
    expect(JSON.parse(saved?.text ?? '')).toMatchObject({ payloadType: 'application/vnd.keyferry.vault-journal+json' });
  });

  it('is locked when the operator is inactive, and the session shows the reason', async () => {
    const { vaults, session, idle } = await unlocked();
    idle[0]?.('idle');
    await expect.poll(() => vaults.unlockedId).toBeUndefined();
    expect(session.state).toEqual({ is: 'out', failure: { code: 'vault-locked' } });
  });

  it.each([
    ['by the operator', async ({ vaults }: Unlocked) => vaults.lock()],
    ['by the inactivity detection', async ({ vaults }: Unlocked) => vaults.lock('idle')],
    [
      'by a failure of its worker',
      async ({ browser }: Unlocked) => browser.workers[0]?.onerror?.(new Event('error') as ErrorEvent),
    ],
  ])('stops the inactivity detection when it is locked %s', async (_how, lock) => {
    const made = await unlocked();
    expect(made.watching.size).toBe(1);
    await lock(made);
    expect([made.vaults.unlockedId, made.watching.size]).toEqual([undefined, 0]);
  });

  it('keeps its inactivity detection until another vault is unlocked', async () => {
    const root = fromHex('22'.repeat(32));
    const { vaults, idle, watching, vault, session } = await unlocked(new Browser(), { root });
    const other = await vaultOf({ root, asNumber: 8 });
    await vaults.import(file(other.text));
    await vaults.unlock(other.header.vaultId, 'not the passphrase');
    expect([vaults.unlockedId, watching.size]).toEqual([vault.header.vaultId, 1]);
    await vaults.unlock(other.header.vaultId, other.passphrase);
    expect(watching.size).toBe(1);
    idle[1]?.('idle');
    await expect.poll(() => vaults.unlockedId).toBeUndefined();
    expect([watching.size, session.signedIn]).toEqual([0, undefined]);
  });

  it('is locked when its worker fails', async () => {
    const { vaults, session, browser } = await unlocked();
    browser.workers.at(-1)?.onerror?.(new Event('error') as ErrorEvent);
    expect(vaults.unlockedId).toBeUndefined();
    expect(session.state).toEqual({ is: 'out', failure: { code: 'vault-locked' } });
  });

  it('cannot be unlocked in a second tab until the first has locked it', async () => {
    const { vaults, vault, browser } = await unlocked();
    const second = browser.tab([vault]);
    await second.vaults.read();
    await second.vaults.unlock(vault.header.vaultId, vault.passphrase);
    expect(second.vaults.failure).toMatchObject({ failure: { code: 'vault-busy' } });
    await vaults.lock();
    await second.vaults.unlock(vault.header.vaultId, vault.passphrase);
    expect(second.vaults.unlockedId).toBe(vault.header.vaultId);
  });

  it('is locked when another vault is unlocked', async () => {
    const browser = new Browser();
    const root = fromHex('22'.repeat(32));
    const first = await unlocked(browser, { root });
    const other = await vaultOf({ root, asNumber: 8 });
    await first.vaults.import(file(other.text));
    await first.vaults.unlock(other.header.vaultId, other.passphrase);
    expect(first.vaults.unlockedId).toBe(other.header.vaultId);
    expect(first.session.signedIn?.service.asNumber).toBe(8);
    expect(browser.workers.map(({ isTerminated }) => isTerminated)).toEqual([true, false]);
  });

  it('stays locked with a wrong passphrase, and its worker ends', async () => {
    const vault = await vaultOf();
    const browser = new Browser();
    const { vaults, session } = browser.tab([vault]);
    await vaults.import(file(vault.text));
    await vaults.unlock(vault.header.vaultId, 'not the passphrase');
    expect(vaults.failure).toEqual({ vault: vault.header.vaultId, failure: { code: 'passphrase-wrong' } });
    expect(vaults.vaults).toMatchObject([{ wrongPassphrases: 1 }]);
    expect([vaults.unlockedId, session.signedIn, browser.workers[0]?.isTerminated]).toEqual([
      undefined,
      undefined,
      true,
    ]);
  });

  it('whose page was closed without locking has an incomplete signed journal until it is locked again', async () => {
    const { vaults, browser, vault } = await unlocked();
    const id = vault.header.vaultId;
    await vaults.lock();
    expect(vaults.vaults).toMatchObject([{ hasJournal: true, isJournalSigned: true }]);
    await vaults.unlock(id, vault.passphrase);
    browser.workers.at(-1)?.onerror?.(new Event('error') as ErrorEvent);
    const { vaults: later } = browser.tab([vault]);
    await later.read();
    expect(later.vaults).toMatchObject([{ hasJournal: true, isJournalSigned: false }]);
    await later.unlock(id, vault.passphrase);
    await later.lock();
    expect(later.vaults).toMatchObject([{ isJournalSigned: true }]);
  });

  it('returns its signed journal to the AS, under its name in the journal of the station', async () => {
    const { vaults, browser, vault } = await unlocked();
    const id = vault.header.vaultId;
    const store = await VaultStore.open(browser.factory);
    await vaults.lock();
    expect(browser.toReturn).toEqual([]); // nothing was loaded
    const [last, journal] = [await store.lastEntry(id), (await store.find(id))?.journal];
    if (!last || !journal) throw new TypeError('the vault journal is empty');
    const number = last.number + 1;
    await store.addEntry(id, { ...last, number, event: { kind: 'receipt', xc: 1, receipt: 'A' } });
    await store.setJournal(id, journal, number);
    await vaults.read();
    expect(browser.toReturn).toEqual(['0007']);
    await vaults.returnJournal(vault.header.vaultId);
    expect(browser.toReturn).toEqual([]);
    expect(browser.returned).toEqual([`vault ${vault.header.vaultId}`]);
    expect(vaults.report).toMatchObject({ vault: vault.header.vaultId, report: { exports: 1, recorded: 1 } });
    expect([vaults.returningId, vaults.failure]).toEqual([undefined, undefined]);
  });
});
