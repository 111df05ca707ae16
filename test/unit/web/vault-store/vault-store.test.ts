// The vault store when the browser aborts its transactions, or closes the database before it reports
// that a transaction is on disk.
import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import type { Envelope } from '#protocol/signing/envelope.ts';
import type { VaultEntryJson, VaultEventJson } from '#protocol/vault/journal.ts';
import { clearSilently, close } from '#test/support/lost-database.ts';
import {
  abortTransactions,
  type Connections,
  closeAfterCommits,
  exposeConnections,
} from '#test/unit/web/journal/disk.ts';
import { VAULTS_NAME, type VaultExport, VaultStore } from '#web/vault-store/vault-store.ts';

const ID = 'vault';
const NOON = '2026-11-23T12:00:00.000Z';
const LOCKED: VaultEventJson = { kind: 'locked', why: 'asked' };
const entry = (number: number, event = LOCKED): VaultEntryJson => ({ number, time: NOON, previous: 'hash', event });
const PASSKEY = { credential: Uint8Array.of(1), salt: Uint8Array.of(2), sealedKek: Uint8Array.of(3) };
const JOURNAL: Envelope = { payloadType: 'type', payload: 'payload', signatures: [{ keyid: 'id', sig: 'signature' }] };

function exported(xc: number): VaultExport {
  const bytes = (): Uint8Array<ArrayBuffer> => Uint8Array.of(xc, 2, 3);
  return {
    ...{ vault: ID, xc, sn: 'sn', challenge: `challenge ${xc}`, exportId: `id ${xc}`, idempotencyKey: `key ${xc}` },
    ...{ fingerprint: 'fingerprint', random: bytes(), data: bytes() },
  } as VaultExport;
}

type Write = (store: VaultStore) => Promise<void>;

/** Each write, with a new vault that has the entry 1 and the export 1. */
const WRITES: Readonly<Record<string, Write>> = {
  'imports a vault': (store) => store.import('another', 'text', NOON),
  'counts a wrong passphrase': (store) => store.countRefusal(ID),
  'stores the signed journal': (store) => store.setJournal(ID, JOURNAL, 1),
  'stores what was returned': (store) => store.setReturned(ID, 1),
  'stores a passkey': (store) => store.setPasskey(ID, PASSKEY),
  'adds an entry': (store) => store.addEntry(ID, entry(2)),
  'adds the entry of an unlocking': (store) => store.addEntry(ID, entry(2), { unlocked: true }),
  'adds an export': (store) => store.addExport(exported(2), entry(2)),
  'adds a receipt': (store) => store.addReceipt({ ...exported(1), receipt: Uint8Array.of(9) }, entry(2)),
};

async function setUp(): Promise<{ readonly disk: Connections; readonly store: VaultStore }> {
  const disk = exposeConnections();
  const store = await VaultStore.open(disk.ofPage);
  await store.import(ID, 'text', NOON);
  await store.countRefusal(ID);
  await store.addExport(exported(1), entry(1));
  return { disk, store };
}

/** All that the store has. */
async function contentOf(store: VaultStore): Promise<unknown> {
  const exports = [await store.findExport(ID, 1), await store.findExport(ID, 2)];
  return { vaults: await store.vaults(), entries: await store.entries(ID), exports };
}

/** What the store has after a write without a disturbance. */
async function contentAfter(write: Write): Promise<unknown> {
  const { store } = await setUp();
  await write(store);
  return await contentOf(store);
}

describe.each(Object.entries(WRITES))('a store that %s', (_name, write) => {
  it.each([1, 2])('repeats the transaction after %i aborts', async (aborts) => {
    const { disk, store } = await setUp();
    abortTransactions(disk, aborts);
    await write(store);
    expect(await contentOf(store)).toEqual(await contentAfter(write));
  });

  it.each([1, 3])(
    'writes once if the browser closes the database %i times when the data is on disk',
    async (closes) => {
      const { disk, store } = await setUp();
      closeAfterCommits(disk, closes);
      await write(store);
      expect(await contentOf(store)).toEqual(await contentAfter(write));
    },
  );

  it('finds the third try on disk', async () => {
    const { disk, store } = await setUp();
    abortTransactions(disk, 2, () => closeAfterCommits(disk, 1));
    await write(store);
    expect(await contentOf(store)).toEqual(await contentAfter(write));
  });

  it('fails after three aborts, and changes nothing', async () => {
    const { disk, store } = await setUp();
    const before = await contentOf(store);
    abortTransactions(disk, 3);
    await expect(write(store)).rejects.toMatchObject({ code: 'journal-failed' });
    expect(await contentOf(store)).toEqual(before);
  });
});

describe('a store', () => {
  it('deletes a passkey, even if the first transaction is aborted', async () => {
    const { disk, store } = await setUp();
    const before = await store.find(ID);
    await store.setPasskey(ID, PASSKEY);
    expect((await store.find(ID))?.passkey).toEqual(PASSKEY);
    abortTransactions(disk, 1);
    await store.deletePasskey(ID);
    expect(await store.find(ID)).toEqual(before);
  });

  it('changes nothing for a vault that it does not have', async () => {
    const { disk, store } = await setUp();
    const before = await contentOf(store);
    abortTransactions(disk, 1);
    await store.countRefusal('another');
    expect(await contentOf(store)).toEqual(before);
  });

  it.each<readonly [string, Write, Write, object]>([
    ['a wrong passphrase', (store) => store.countRefusal(ID), (other) => other.countRefusal(ID), { refused: 3 }],
    [
      'a wrong passphrase before another tab unlocks the vault',
      (store) => store.countRefusal(ID),
      (other) => other.addEntry(ID, entry(2), { unlocked: true }),
      { refused: 0 },
    ],
    ['what was returned', (store) => store.setReturned(ID, 1), (other) => other.setReturned(ID, 2), { returnedTo: 2 }],
    [
      'the signed journal',
      (store) => store.setJournal(ID, JOURNAL, 1),
      (other) => other.setJournal(ID, JOURNAL, 2),
      { signedTo: 2 },
    ],
    ['a passkey', (store) => store.setPasskey(ID, PASSKEY), (other) => other.deletePasskey(ID), { passkey: undefined }],
  ])(
    'stores %s once, also if another tab changes the vault before the repetition',
    async (_name, write, change, after) => {
      const { disk, store } = await setUp();
      const other = await VaultStore.open(disk.factory);
      closeAfterCommits(disk, 1, () => change(other));
      await write(store);
      const { refused, returnedTo, signedTo, passkey } = (await store.find(ID)) ?? {};
      expect({ refused, returnedTo, signedTo, passkey }).toMatchObject(after);
    },
  );

  it('leaves a vault as it is when its file is imported again', async () => {
    const { store } = await setUp();
    const before = await contentOf(store);
    await store.import(ID, 'another text', '2027-01-01T00:00:00.000Z');
    expect(await contentOf(store)).toEqual(before);
  });

  it('repeats a read that the browser aborts', async () => {
    const { disk, store } = await setUp();
    const before = await contentOf(store);
    abortTransactions(disk, 1);
    expect(await store.vaults()).toHaveLength(1);
    abortTransactions(disk, 2);
    await store.requireKept(ID, { entry: 1, xc: 1 });
    expect(await contentOf(store)).toEqual(before);
  });

  it('does not add an entry whose number another page has used', async () => {
    const { disk, store } = await setUp();
    const other = await VaultStore.open(disk.factory);
    await other.addEntry(ID, entry(2));
    await expect(store.addEntry(ID, entry(2, { kind: 'locked', why: 'idle' }))).rejects.toMatchObject({
      code: 'journal-failed',
    });
    expect(await store.lastEntry(ID)).toEqual(entry(2));
  });

  it('does not write to a database that was deleted during an aborted transaction', async () => {
    const { disk, store } = await setUp();
    abortTransactions(disk, 1, () => void clearSilently({ ...disk, name: VAULTS_NAME }));
    await expect(store.addEntry(ID, entry(2))).rejects.toMatchObject({ code: 'vault-lost' });
    expect(await store.entries(ID)).toEqual([]);
  });

  it('calls the listener when the browser closes the database', async () => {
    const { disk, store } = await setUp();
    let closed = 0;
    store.onClosed(() => closed++);
    await close(disk);
    expect(closed).toBe(1);
    expect(await store.vaults()).toHaveLength(1);
  });
});
