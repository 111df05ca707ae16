// An unlocked vault: what it counts before anything leaves it, what it refuses, what of it stays after a crash, and what a restored copy of its
// store shows once its journal is back.
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it } from 'vitest';
import { type Bytes, copy } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { openEnvelope } from '#protocol/signing/envelope.ts';
import { decodeHeader } from '#protocol/tkl/header.ts';
import { decodeVaultFile, verifyVaultFile } from '#protocol/vault/file.ts';
import { vaultCost } from '#protocol/vault/header.ts';
import { decodeVaultJournal, findChainBreaks, JOURNAL_TYPE } from '#protocol/vault/journal.ts';
import { exportRequest } from '#test/support/as-card.ts';
import { TEST_SET, TEST_SN, TEST_TKV, TEST_TRANSPORT_KEY } from '#test/support/units.ts';
import {
  createTestVault,
  quickKey,
  type TestVault,
  type TestVaultOptions,
  verifyEd25519,
} from '#test/support/vault.ts';
import { VaultStore } from '#web/vault-store/vault-store.ts';
import type { Opener } from '#web/vault-worker/messages.ts';
import { OpenVault } from '#web/vault-worker/open-vault.ts';

const { subtle } = globalThis.crypto;
const TA = sha256(ascii('TA of the vault'));
const NOON = new Date('2026-11-23T12:00:00.000Z');
const OTHER_SN = copy(TEST_SN).fill(0x42, 12);
const code = (expected: string) => expect.objectContaining({ code: expected });

function vaultOf(more: Partial<TestVaultOptions> = {}): Promise<TestVault> {
  return createTestVault({
    set: TEST_SET,
    transportKeys: [{ tkv: TEST_TKV, key: TEST_TRANSPORT_KEY }],
    keys: [{ ref1: 0x0103, akv: 1, slot: 2, key: TA }],
    units: [toHex(OTHER_SN), toHex(TEST_SN)].sort(),
    derive: quickKey,
    ...more,
  });
}

interface Bench {
  readonly vault: TestVault;
  readonly store: VaultStore;
  now: Date;
  unlock(passphrase?: string, roots?: readonly Uint8Array[]): Promise<OpenVault>;
  unlockByPasskey(secret: Bytes): Promise<OpenVault>;
}

async function benchOf(more: Partial<TestVaultOptions> = {}): Promise<Bench> {
  const vault = await vaultOf(more);
  const store = await VaultStore.open(new IDBFactory());
  await store.import(vault.header.vaultId, vault.text, NOON.toISOString());
  const unlock = (opener: Opener, roots: readonly Uint8Array[]): Promise<OpenVault> => {
    const around = { store, subtle, deriveKey: quickKey, now: () => bench.now };
    return OpenVault.unlock(around, vault.header.vaultId, opener, roots);
  };
  const bench: Bench = {
    vault,
    store,
    now: NOON,
    unlock: (passphrase = vault.passphrase, roots = [vault.root]) => unlock(byPassphrase(ascii(passphrase)), roots),
    unlockByPasskey: (secret) => unlock({ by: 'passkey', secret }, [vault.root]),
  };
  return bench;
}

function byPassphrase(secret: Bytes): Opener {
  return { by: 'passphrase', secret };
}

describe('an unlocked vault', () => {
  it('has export and journal entry in its store before DATA leaves it', async () => {
    const { vault, store, unlock } = await benchOf();
    const opened = await unlock();
    const { data, exportId } = await opened.exportKey(exportRequest());
    const id = vault.header.vaultId;
    expect(await store.findExport(id, 1)).toMatchObject({ exportId, data });
    expect(await store.lastEntry(id)).toMatchObject({ number: 2, event: { kind: 'export' } });
    expect(decodeHeader(data)).toMatchObject({ xc: 1, asNumber: vault.header.asNumber });
  });

  it('gives nothing when its store refuses to write', async () => {
    const { store, unlock } = await benchOf();
    const opened = await unlock();
    store.addExport = () => Promise.reject(new DOMException('no room', 'QuotaExceededError'));
    await expect(opened.exportKey(exportRequest())).rejects.toThrow('no room');
  });

  it('numbers its exports without gaps, however many are asked for at once and however many are refused', async () => {
    const { unlock } = await benchOf();
    const opened = await unlock();
    const asked = [
      exportRequest(),
      exportRequest({ ref1: 0x0999 }),
      exportRequest(),
      exportRequest({ sn: OTHER_SN }),
      exportRequest(),
    ];
    const made = await Promise.allSettled(asked.map((one) => opened.exportKey(one)));
    const numbers = made.flatMap((one) => (one.status === 'fulfilled' ? [decodeHeader(one.value.data).xc] : []));
    expect(numbers).toEqual([1, 2, 3, 4]);
  });

  it('stops at its quota in all, and for one unit, also after it was closed and opened again', async () => {
    const { unlock } = await benchOf({ quota: { exports: 3, perUnit: 2 } });
    const first = await unlock();
    await first.exportKey(exportRequest());
    await first.lock('asked');
    const opened = await unlock();
    await opened.exportKey(exportRequest());
    await expect(opened.exportKey(exportRequest())).rejects.toEqual(code('unit-quota-used'));
    await opened.exportKey(exportRequest({ sn: OTHER_SN }));
    await expect(opened.exportKey(exportRequest({ sn: OTHER_SN }))).rejects.toEqual(code('quota-used'));
  });

  it('keeps a crash from giving an export back: what was counted stays counted', async () => {
    const { unlock } = await benchOf({ quota: { exports: 1, perUnit: null } });
    const asked = exportRequest();
    const { data } = await (await unlock()).exportKey(asked);
    // The page is gone without a word; the same challenge brings the same DATA, and no other brings any.
    const opened = await unlock();
    expect((await opened.exportKey(asked)).data).toEqual(data);
    await expect(opened.exportKey(exportRequest())).rejects.toEqual(code('quota-used'));
  });

  it('neither opens nor exports before and after its time, and a clock that is put back does not help', async () => {
    const bench = await benchOf({ notBefore: '2026-11-23T10:00:00.000Z', expires: '2026-11-23T14:00:00.000Z' });
    bench.now = new Date('2026-11-23T09:59:59.999Z');
    await expect(bench.unlock()).rejects.toEqual(code('vault-early'));
    bench.now = NOON;
    const opened = await bench.unlock();
    bench.now = new Date('2026-11-23T14:00:00.000Z');
    await expect(opened.exportKey(exportRequest())).rejects.toEqual(code('vault-expired'));
    await opened.lock('asked');
    bench.now = new Date('2026-11-23T11:00:00.000Z');
    await expect(bench.unlock()).rejects.toEqual(code('vault-expired'));
  });

  it('counts passphrases that do not fit before they are tried, and tells the journal of them', async () => {
    const { vault, store, unlock } = await benchOf();
    const id = vault.header.vaultId;
    for (const refused of [1, 2]) {
      await expect(unlock('not the passphrase')).rejects.toEqual(code('passphrase-wrong'));
      expect((await store.find(id))?.refused).toBe(refused);
    }
    await unlock();
    expect((await store.find(id))?.refused).toBe(0);
    expect(await store.lastEntry(id)).toMatchObject({ event: { kind: 'unlocked', refused: 2 } });
    expect((await store.find(id))?.text).toBe(vault.text);
  });

  it('wipes the passphrase that it was handed, whether it fits or not', async () => {
    const { vault, store } = await benchOf();
    const around = { store, subtle, deriveKey: quickKey, now: () => NOON };
    for (const passphrase of [vault.passphrase, 'not the passphrase']) {
      const octets = ascii(passphrase);
      await OpenVault.unlock(around, vault.header.vaultId, byPassphrase(octets), [vault.root]).catch(() => undefined);
      expect(octets.every((octet) => octet === 0)).toBe(true);
    }
  });

  it('is refused where its file was changed, or where no pinned root vouches for it', async () => {
    const { vault, unlock } = await benchOf();
    await expect(unlock(vault.passphrase, [])).rejects.toEqual(code('vault-untrusted'));
    const file = decodeVaultFile(vault.text);
    const store = await VaultStore.open(new IDBFactory());
    const sealed = `${file.sealed.startsWith('A') ? 'B' : 'A'}${file.sealed.slice(1)}`;
    await store.import(vault.header.vaultId, `${JSON.stringify({ ...file, sealed })}\n`, NOON.toISOString());
    const around = { store, subtle, deriveKey: quickKey, now: () => NOON };
    const changed = OpenVault.unlock(around, vault.header.vaultId, byPassphrase(ascii(vault.passphrase)), [vault.root]);
    await expect(changed).rejects.toEqual(code('vault-changed'));
  });

  it('does not open over a journal that was cut', async () => {
    const { vault, store, unlock } = await benchOf();
    await (await unlock()).exportKey(exportRequest());
    const entries = await store.entries(vault.header.vaultId);
    store.entries = async () => entries.slice(0, -1);
    await expect(unlock()).rejects.toEqual(code('vault-changed'));
  });

  it('signs a journal that is whole, when it is asked and when it is locked', async () => {
    const { vault, store, unlock } = await benchOf();
    const opened = await unlock();
    await opened.exportKey(exportRequest());
    const journal = await opened.journal();
    const locked = await opened.lock('idle');
    const { journalPublicKey, headerHash } = await verifyVaultFile(
      decodeVaultFile(vault.text),
      [vault.root],
      verifyEd25519,
    );
    for (const [envelope, count] of [
      [journal, 2],
      [locked, 3],
    ] as const) {
      const octets = await openEnvelope(envelope, JOURNAL_TYPE, journalPublicKey, verifyEd25519);
      const { entries } = decodeVaultJournal(JSON.parse(new TextDecoder().decode(octets)));
      expect(entries).toHaveLength(count);
      expect(findChainBreaks(entries, headerHash)).toEqual([]);
    }
    expect((await store.find(vault.header.vaultId))?.journal).toEqual(locked);
  });
});

describe('a vault with a passkey', () => {
  const OUTPUT = sha256(ascii('what the PRF gives'));
  const passkey = (output = copy(OUTPUT)) => ({
    credential: copy(ascii('credential')),
    salt: new Uint8Array(32),
    output,
  });

  it('is opened by it, loads keys, and says so in its journal', async () => {
    const { vault, store, unlock, unlockByPasskey } = await benchOf();
    const first = await unlock();
    await first.enrol(passkey());
    await first.lock('asked');
    const opened = await unlockByPasskey(copy(OUTPUT));
    expect(await store.lastEntry(vault.header.vaultId)).toMatchObject({ event: { kind: 'unlocked', by: 'passkey' } });
    expect(decodeHeader((await opened.exportKey(exportRequest())).data).xc).toBe(1);
  });

  it('keeps neither what the PRF gave nor KEK in its store, and wipes what it was handed', async () => {
    const { vault, store, unlock, unlockByPasskey } = await benchOf();
    const handed = passkey();
    await (await unlock()).enrol(handed);
    expect(handed.output.every((octet) => octet === 0)).toBe(true);
    const { passkey: kept } = (await store.find(vault.header.vaultId)) ?? {};
    expect(kept?.sealedKek).toHaveLength(60);
    const { salt } = vaultCost(vault.header);
    const kek = await quickKey(ascii(vault.passphrase), salt, vaultCost(vault.header));
    const text = Buffer.from(kept?.sealedKek ?? []).toString('hex');
    for (const secret of [kek, OUTPUT]) expect(text).not.toContain(Buffer.from(secret).toString('hex').slice(0, 16));
    for (const secret of [copy(OUTPUT), sha256(OUTPUT)]) {
      await unlockByPasskey(secret).catch(() => undefined);
      expect(secret.every((octet) => octet === 0)).toBe(true);
    }
  });

  it('is refused to another passkey, and once it was forgotten; no passphrase is counted for that', async () => {
    const { vault, store, unlock, unlockByPasskey } = await benchOf();
    const id = vault.header.vaultId;
    await expect(unlockByPasskey(copy(OUTPUT))).rejects.toEqual(code('passkey-refused'));
    await (await unlock()).enrol(passkey());
    await expect(unlockByPasskey(sha256(OUTPUT))).rejects.toEqual(code('passkey-refused'));
    await store.forgetPasskey(id);
    await expect(unlockByPasskey(copy(OUTPUT))).rejects.toEqual(code('passkey-refused'));
    expect(await store.find(id)).toMatchObject({ refused: 0 });
    await unlock();
  });

  it('belongs to one file: with another one it opens nothing', async () => {
    const [one, other] = [await benchOf(), await benchOf()];
    await (await one.unlock()).enrol(passkey());
    const kept = (await one.store.find(one.vault.header.vaultId))?.passkey;
    await other.store.keepPasskey(other.vault.header.vaultId, kept ?? expect.fail());
    await expect(other.unlockByPasskey(copy(OUTPUT))).rejects.toEqual(code('passkey-refused'));
  });

  it('is held to its time and to its journal as with the passphrase', async () => {
    const bench = await benchOf({ expires: '2026-11-23T14:00:00.000Z' });
    await (await bench.unlock()).enrol(passkey());
    bench.now = new Date('2026-11-23T14:00:00.000Z');
    await expect(bench.unlockByPasskey(copy(OUTPUT))).rejects.toEqual(code('vault-expired'));
  });

  it('has one passkey: the next one takes its place', async () => {
    const { unlock, unlockByPasskey } = await benchOf();
    const opened = await unlock();
    await opened.enrol(passkey());
    await opened.enrol(passkey(sha256(OUTPUT)));
    await expect(unlockByPasskey(copy(OUTPUT))).rejects.toEqual(code('passkey-refused'));
    await unlockByPasskey(sha256(OUTPUT));
  });
});
