// The vault store is deleted, emptied or closed while a vault is unlocked. The vault then exports
// no more keys, and the page returns the vault journal from memory. The page shows the loss, even
// after a reload.
import { describe, expect, it, vi } from 'vitest';
import { fromBase64url, fromUtf8 } from '#protocol/bytes/text.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import { decodeVaultJournal } from '#protocol/vault/journal.ts';
import { exportRequest } from '#test/support/as-card.ts';
import { clearSilently, clearSite, close, empty, remove } from '#test/support/lost-database.ts';
import { JournalsToReturn } from '#web/state/session/journals-to-return.svelte.ts';
import { Disk, file, type Unlocked, unlocked, vaultOf } from './vault-fixture.ts';

async function exportOne({ session }: Pick<Unlocked, 'session'>): Promise<void> {
  const { local } = session;
  if (!local) throw new TypeError('no vault is unlocked');
  await local.exportKey(exportRequest());
}

const kindsOf = ({ payload }: Envelope): readonly string[] =>
  decodeVaultJournal(JSON.parse(fromUtf8(fromBase64url(payload)))).entries.map(({ event }) => event.kind);

describe.each([
  ['deleted', remove],
  ['deleted with all data of the site', clearSite],
  ['deleted without an event', clearSilently],
  ['emptied', empty],
] as const)('a vault store that is %s', (_, lose) => {
  it('makes an unlocked vault refuse the next export, and gives its journal to the operator', async () => {
    const disk = new Disk();
    const page = await unlocked(disk);
    const { vaults, session, vault } = page;
    await exportOne(page);
    await lose(disk);
    const account = session.local;
    await account?.exportKey(exportRequest()).then(
      () => expect.unreachable('the export was made'),
      (error: unknown) => expect(error).toMatchObject({ code: expect.stringMatching(/^vault-(lost|locked)$/) }),
    );
    session.endOn({ code: 'vault-lost' });
    await vi.waitFor(() => expect(vaults.lost[0]?.journal).toBeDefined());
    const [lost] = vaults.lost;
    if (!lost?.journal) throw new TypeError('no journal');
    expect(lost).toMatchObject({ id: vault.header.vaultId, number: '0007', isToReturn: true });
    expect(kindsOf(lost.journal)).toEqual(['unlocked', 'export']);
    expect(vaults.takeLostJournal(lost)?.name).toBe('vault-0007-journal.json');
    expect(session.state).toEqual({ is: 'out', failure: { code: 'vault-lost' } });
    expect([vaults.vaults, vaults.unlockedId]).toEqual([[], undefined]);
  });

  it('is shown after a reload, until the operator has read it, and the vault is not imported again', async () => {
    const disk = new Disk();
    const page = await unlocked(disk);
    await exportOne(page);
    await page.vaults.lock();
    await lose(disk);
    const { vaults } = disk.tab([page.vault]);
    await vaults.read();
    expect(vaults.lost).toMatchObject([{ number: '0007', isToReturn: true }]);
    expect(disk.toReturn).toEqual(['0007']);
    await vaults.import(file(page.vault.text));
    expect(vaults.failure?.failure).toEqual({ code: 'vault-lost' });
    const [lost] = vaults.lost;
    if (!lost) throw new TypeError('nothing is lost');
    vaults.dismissLoss(lost);
    expect([vaults.lost, disk.toReturn]).toEqual([[], []]);
    await vaults.import(file(page.vault.text));
    expect(vaults.failure?.failure).toEqual({ code: 'vault-lost' });
  });

  it('does not take the vault again after a reload, even if the vault had no loads', async () => {
    const disk = new Disk();
    const { vaults, vault } = await unlocked(disk);
    await vaults.lock();
    await lose(disk);
    const { vaults: later } = disk.tab([vault]);
    await later.import(file(vault.text));
    expect(later.failure?.failure).toEqual({ code: 'vault-lost' });
    expect(later.vaults).toEqual([]);
  });
});

describe('a vault store that is deleted while another tab uses the vault', () => {
  it('is shown in this tab with the loads of the other tab, which stay to be returned', async () => {
    const disk = new Disk();
    const vault = await vaultOf();
    const [here, other] = [disk.tab([vault]), disk.tab([vault])];
    await here.vaults.import(file(vault.text));
    await other.vaults.read();
    await other.vaults.unlock(vault.header.vaultId, vault.passphrase);
    await exportOne(other);
    await clearSilently(disk);
    await here.vaults.read();
    expect(here.vaults.lost).toMatchObject([{ number: '0007', isToReturn: true }]);
    expect(disk.toReturn).toEqual(['0007']);
  });
});

it('a vault that another tab lists during a read stays to be returned', async () => {
  const disk = new Disk();
  const vault = await vaultOf();
  const { vaults } = disk.tab([vault]);
  await vaults.import(file(vault.text));
  const listed = { id: vault.header.vaultId, number: '0007' };
  disk.beforeVerify = () => new JournalsToReturn(disk.settings).update([listed], new Set());
  await vaults.read();
  expect(disk.toReturn).toEqual(['0007']);
  disk.beforeVerify = undefined;
  await vaults.read(); // now the store has what the other tab wrote first, which is nothing
  expect(disk.toReturn).toEqual([]);
});

describe('the journal of a lost vault, which only this page has', () => {
  it('is kept until the operator has saved it', async () => {
    const disk = new Disk();
    const { vaults } = await unlocked(disk);
    expect(vaults.hasUnsavedJournal).toBe(false);
    await remove(disk);
    await vi.waitFor(() => expect(vaults.hasUnsavedJournal).toBe(true));
    const [lost] = vaults.lost;
    if (!lost) throw new TypeError('nothing is lost');
    vaults.dismissLoss(lost);
    expect(vaults.lost).toEqual([lost]);
    const saved = vaults.takeLostJournal(lost);
    expect(JSON.parse(saved?.text ?? '')).toEqual(lost.journal);
    expect(vaults.hasUnsavedJournal).toBe(false);
    vaults.dismissLoss(lost);
    expect(vaults.lost).toEqual([]);
  });
});

describe('a vault store whose connection is closed', () => {
  it('is opened again, and the vault continues', async () => {
    const disk = new Disk();
    const page = await unlocked(disk);
    await exportOne(page);
    await close(disk);
    await exportOne(page);
    expect(page.vaults.vaults).toMatchObject([{ exports: 2 }]);
    expect(page.vaults.lost).toEqual([]);
    await page.vaults.lock();
    expect(page.vaults.vaults).toMatchObject([{ isJournalSigned: true }]);
  });

  it('shows at once that it was deleted', async () => {
    const disk = new Disk();
    const { vaults, session } = await unlocked(disk);
    await remove(disk);
    await vi.waitFor(() => expect(vaults.lost).toMatchObject([{ number: '0007', isToReturn: false }]));
    expect(session.signedIn).toBeUndefined();
  });
});
