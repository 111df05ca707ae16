import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { attach } from '#protocol/provisioning/device.ts';
import { createUnit, TEST_SET, TEST_SN, TEST_TKV } from '#test/support/units.ts';
import { load } from '#web/state/station/load-attempt.ts';
import { createBench } from '../station/station-fixture.ts';
import { Browser, file, type Unlocked, unlocked, vaultOf } from './vault-fixture.ts';

describe('a vault file', () => {
  it('is shown by what it allows, once it was verified', async () => {
    const vault = await vaultOf();
    const { desk } = new Browser().tab([vault]);
    await desk.import(file(vault.text));
    expect(desk.vaults).toMatchObject([{ number: '0007', exports: 0, refused: 0, hasJournal: false, bar: undefined }]);
    expect(desk.vaults[0]?.header.quota.exports).toBe(3);
  });

  const REFUSED: readonly (readonly [string, () => Promise<string>, string])[] = [
    ['is no vault', async () => '{}', 'vault-malformed'],
    ['is of an AS that the station never met', async () => (await vaultOf()).text, 'vault-untrusted'],
  ];

  it.each(REFUSED)('is not kept when it %s', async (_what, text, expected) => {
    const { desk } = new Browser().tab([await vaultOf()]);
    await desk.import(file(await text()));
    expect(desk.failure).toMatchObject({ vault: undefined, failure: { code: expected } });
    expect(desk.vaults).toEqual([]);
  });

  it('that comes a second time starts nothing anew', async () => {
    const vault = await vaultOf();
    const { desk } = new Browser().tab([vault]);
    await desk.import(file(vault.text));
    await desk.unlock(vault.header.vaultId, 'not the passphrase');
    await desk.import(file(vault.text));
    expect(desk.vaults).toMatchObject([{ refused: 1 }]);
  });

  it('that no pinned root vouches for any more does not hide the others', async () => {
    const browser = new Browser();
    const [old, present] = [await vaultOf(), await vaultOf()];
    const before = browser.tab([old, present]);
    await before.desk.import(file(old.text));
    await before.desk.import(file(present.text));
    const { desk } = browser.tab([present]);
    await desk.read();
    expect(desk.vaults.map(({ id }) => id)).toEqual([present.header.vaultId]);
    expect(desk.failure).toEqual({ vault: undefined, failure: { code: 'vault-untrusted' } });
    await desk.unlock(present.header.vaultId, present.passphrase);
    expect(desk.opened).toBe(present.header.vaultId);
  });

  it('whose time is over says so before anyone types a passphrase', async () => {
    const vault = await vaultOf({ expires: '2026-11-23T11:00:00.000Z' });
    const { desk } = new Browser().tab([vault]);
    await desk.import(file(vault.text));
    expect(desk.vaults).toMatchObject([{ bar: { code: 'vault-expired' } }]);
  });
});

describe('an unlocked vault', () => {
  it('gives the session its keys, and loads one into a unit', async () => {
    const { desk, session, vault } = await unlocked();
    expect(desk.opened).toBe(vault.header.vaultId);
    expect(session.in).toMatchObject({ kind: 'vault', service: { name: 'Vault 0007', asNumber: 7 } });
    expect(session.in?.sets).toEqual([vault.header.set]);
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
    const order = {
      ref1: 0x0103,
      ref2: 2,
      suites: [0x01],
      sign: false,
      idempotencyKey: attempt.idempotencyKey,
    } as const;
    expect(await load({ source: session.local, journal }, device, attempt, order)).toMatchObject({ is: 'done' });
    expect(desk.vaults).toMatchObject([{ exports: 1 }]);
  });

  it.each([
    ['on demand', async ({ desk }: Unlocked) => desk.lock()],
    ['when the session is ended', async ({ session }: Unlocked) => session.signOut()],
  ])('locks %s: its worker is ended, and its journal is there to be returned', async (_when, lock) => {
    const made = await unlocked();
    await lock(made);
    await expect.poll(() => made.desk.opened).toBeUndefined();
    await expect.poll(() => made.desk.vaults[0]?.hasJournal).toBe(true);
    expect(made.browser.workers.at(-1)?.isTerminated).toBe(true);
    expect(made.session.in).toBeUndefined();
    const saved = await made.desk.journal(made.vault.header.vaultId);
    expect(saved?.name).toBe('vault-0007-journal.json');
    expect(JSON.parse(saved?.text ?? '')).toMatchObject({ payloadType: 'application/vnd.keyferry.vault-journal+json' });
  });

  it('locks itself when nobody is there, and the operator reads why', async () => {
    const { desk, session, idle } = await unlocked();
    idle[0]?.('idle');
    await expect.poll(() => desk.opened).toBeUndefined();
    expect(session.state).toEqual({ is: 'out', failure: { code: 'vault-locked' } });
  });

  it.each([
    ['by hand', async ({ desk }: Unlocked) => desk.lock()],
    ['by its watch', async ({ desk }: Unlocked) => desk.lock('idle')],
    [
      'with its worker',
      async ({ browser }: Unlocked) => browser.workers[0]?.onerror?.(new Event('error') as ErrorEvent),
    ],
  ])('is watched until it is locked %s, and no longer', async (_how, lock) => {
    const made = await unlocked();
    expect(made.watching.size).toBe(1);
    await lock(made);
    expect([made.desk.opened, made.watching.size]).toEqual([undefined, 0]);
  });

  it('is watched still after another one did not open, and one watch follows the other where it does', async () => {
    const root = fromHex('22'.repeat(32));
    const { desk, idle, watching, vault, session } = await unlocked(new Browser(), { root });
    const other = await vaultOf({ root, asNumber: 8 });
    await desk.import(file(other.text));
    await desk.unlock(other.header.vaultId, 'not the passphrase');
    expect([desk.opened, watching.size]).toEqual([vault.header.vaultId, 1]);
    await desk.unlock(other.header.vaultId, other.passphrase);
    expect(watching.size).toBe(1);
    idle[1]?.('idle');
    await expect.poll(() => desk.opened).toBeUndefined();
    expect([watching.size, session.in]).toEqual([0, undefined]);
  });

  it('is gone with its worker, whatever ended that', async () => {
    const { desk, session, browser } = await unlocked();
    browser.workers.at(-1)?.onerror?.(new Event('error') as ErrorEvent);
    expect(desk.opened).toBeUndefined();
    expect(session.state).toEqual({ is: 'out', failure: { code: 'vault-locked' } });
  });

  it('is refused to a second tab until the first has locked it', async () => {
    const { desk, vault, browser } = await unlocked();
    const second = browser.tab([vault]);
    await second.desk.read();
    await second.desk.unlock(vault.header.vaultId, vault.passphrase);
    expect(second.desk.failure).toMatchObject({ failure: { code: 'vault-busy' } });
    await desk.lock();
    await second.desk.unlock(vault.header.vaultId, vault.passphrase);
    expect(second.desk.opened).toBe(vault.header.vaultId);
  });

  it('gives way to another one', async () => {
    const browser = new Browser();
    const root = fromHex('22'.repeat(32));
    const first = await unlocked(browser, { root });
    const other = await vaultOf({ root, asNumber: 8 });
    await first.desk.import(file(other.text));
    await first.desk.unlock(other.header.vaultId, other.passphrase);
    expect(first.desk.opened).toBe(other.header.vaultId);
    expect(first.session.in?.service.asNumber).toBe(8);
    expect(browser.workers.map(({ isTerminated }) => isTerminated)).toEqual([true, false]);
  });

  it('does not open with a wrong passphrase, and ends that worker', async () => {
    const vault = await vaultOf();
    const browser = new Browser();
    const { desk, session } = browser.tab([vault]);
    await desk.import(file(vault.text));
    await desk.unlock(vault.header.vaultId, 'not the passphrase');
    expect(desk.failure).toEqual({ vault: vault.header.vaultId, failure: { code: 'passphrase-wrong' } });
    expect(desk.vaults).toMatchObject([{ refused: 1 }]);
    expect([desk.opened, session.in, browser.workers[0]?.isTerminated]).toEqual([undefined, undefined, true]);
  });

  it('that is left without being locked says that its signed journal ends too early, until it is locked again', async () => {
    const { desk, browser, vault } = await unlocked();
    const id = vault.header.vaultId;
    await desk.lock();
    expect(desk.vaults).toMatchObject([{ hasJournal: true, isJournalWhole: true }]);
    await desk.unlock(id, vault.passphrase);
    browser.workers.at(-1)?.onerror?.(new Event('error') as ErrorEvent);
    const { desk: later } = browser.tab([vault]);
    await later.read();
    expect(later.vaults).toMatchObject([{ hasJournal: true, isJournalWhole: false }]);
    await later.unlock(id, vault.passphrase);
    await later.lock();
    expect(later.vaults).toMatchObject([{ isJournalWhole: true }]);
  });

  it('gives its signed journal back to the AS, by the name that it has in the journal of the station', async () => {
    const { desk, browser, vault } = await unlocked();
    await desk.lock();
    await desk.returnJournal(vault.header.vaultId);
    expect(browser.returned).toEqual([`vault ${vault.header.vaultId}`]);
    expect(desk.report).toMatchObject({ vault: vault.header.vaultId, report: { exports: 1, kept: 1 } });
    expect([desk.returning, desk.failure]).toEqual([undefined, undefined]);
  });
});
