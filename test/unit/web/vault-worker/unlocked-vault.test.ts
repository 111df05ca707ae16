// An unlocked vault: its counters, its refusals, and its state after a crash.
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
import { UnlockedVault } from '#web/vault-worker/unlocked-vault.ts';

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

interface TestSetup {
  readonly vault: TestVault;
  readonly store: VaultStore;
  now: Date;
  unlock(passphrase?: string, roots?: readonly Uint8Array[]): Promise<UnlockedVault>;
  unlockByPasskey(secret: Bytes): Promise<UnlockedVault>;
}

async function setUp(more: Partial<TestVaultOptions> = {}): Promise<TestSetup> {
  const vault = await vaultOf(more);
  const store = await VaultStore.open(new IDBFactory());
  await store.import(vault.header.vaultId, vault.text, NOON.toISOString());
  const unlock = (opener: Opener, roots: readonly Uint8Array[]): Promise<UnlockedVault> => {
    const options = { store, subtle, deriveKey: quickKey, now: () => setup.now };
    return UnlockedVault.unlock(options, vault.header.vaultId, opener, roots);
  };
  const setup: TestSetup = {
    vault,
    store,
    now: NOON,
    unlock: (passphrase = vault.passphrase, roots = [vault.root]) => unlock(byPassphrase(ascii(passphrase)), roots),
    unlockByPasskey: (secret) => unlock({ by: 'passkey', secret }, [vault.root]),
  };
  return setup;
}

function byPassphrase(secret: Bytes): Opener {
  return { by: 'passphrase', secret };
}

describe('an unlocked vault', () => {
  it('stores export and journal entry before it returns DATA', async () => {
    const { vault, store, unlock } = await setUp();
    const unlocked = await unlock();
    const { data, exportId } = await unlocked.exportKey(exportRequest());
    const id = vault.header.vaultId;
    expect(await store.findExport(id, 1)).toMatchObject({ exportId, data });
    expect(await store.lastEntry(id)).toMatchObject({ number: 2, event: { kind: 'export' } });
    expect(decodeHeader(data)).toMatchObject({ xc: 1, asNumber: vault.header.asNumber });
  });

  it('returns no DATA when the store fails', async () => {
    const { store, unlock } = await setUp();
    const unlocked = await unlock();
    store.addExport = () => Promise.reject(new DOMException('no room', 'QuotaExceededError'));
    await expect(unlocked.exportKey(exportRequest())).rejects.toThrow('no room');
  });

  it('numbers concurrent exports without gaps, even with refusals in between', async () => {
    const { unlock } = await setUp();
    const unlocked = await unlock();
    const requests = [
      exportRequest(),
      exportRequest({ ref1: 0x0999 }),
      exportRequest(),
      exportRequest({ sn: OTHER_SN }),
      exportRequest(),
    ];
    const results = await Promise.allSettled(requests.map((request) => unlocked.exportKey(request)));
    const numbers = results.flatMap((result) =>
      result.status === 'fulfilled' ? [decodeHeader(result.value.data).xc] : [],
    );
    expect(numbers).toEqual([1, 2, 3, 4]);
  });

  it('enforces both quotas, even after it is locked and unlocked', async () => {
    const { unlock } = await setUp({ quota: { exports: 3, perUnit: 2 } });
    const first = await unlock();
    await first.exportKey(exportRequest());
    await first.lock('asked');
    const unlocked = await unlock();
    await unlocked.exportKey(exportRequest());
    await expect(unlocked.exportKey(exportRequest())).rejects.toEqual(code('unit-quota-used'));
    await unlocked.exportKey(exportRequest({ sn: OTHER_SN }));
    await expect(unlocked.exportKey(exportRequest({ sn: OTHER_SN }))).rejects.toEqual(code('quota-used'));
  });

  it('still counts an export after a crash', async () => {
    const { unlock } = await setUp({ quota: { exports: 1, perUnit: null } });
    const request = exportRequest();
    const { data } = await (await unlock()).exportKey(request);
    // After the crash, the same challenge leads to the same DATA. Another challenge is refused.
    const unlocked = await unlock();
    expect((await unlocked.exportKey(request)).data).toEqual(data);
    await expect(unlocked.exportKey(exportRequest())).rejects.toEqual(code('quota-used'));
  });

  it('neither unlocks nor exports outside its validity, even if the clock is set back', async () => {
    const setup = await setUp({ notBefore: '2026-11-23T10:00:00.000Z', expires: '2026-11-23T14:00:00.000Z' });
    setup.now = new Date('2026-11-23T09:59:59.999Z');
    await expect(setup.unlock()).rejects.toEqual(code('vault-early'));
    setup.now = NOON;
    const unlocked = await setup.unlock();
    setup.now = new Date('2026-11-23T14:00:00.000Z');
    await expect(unlocked.exportKey(exportRequest())).rejects.toEqual(code('vault-expired'));
    await unlocked.lock('asked');
    setup.now = new Date('2026-11-23T11:00:00.000Z');
    await expect(setup.unlock()).rejects.toEqual(code('vault-expired'));
  });

  it('counts each passphrase as wrong before it is tried, and records the number of wrong passphrases', async () => {
    const { vault, store, unlock } = await setUp();
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

  it('wipes the passphrase, correct or wrong', async () => {
    const { vault, store } = await setUp();
    const options = { store, subtle, deriveKey: quickKey, now: () => NOON };
    for (const passphrase of [vault.passphrase, 'not the passphrase']) {
      const secret = ascii(passphrase);
      await UnlockedVault.unlock(options, vault.header.vaultId, byPassphrase(secret), [vault.root]).catch(
        () => undefined,
      );
      expect(secret.every((byte) => byte === 0)).toBe(true);
    }
  });

  it('is refused if its file is changed or its root key is not pinned', async () => {
    const { vault, unlock } = await setUp();
    await expect(unlock(vault.passphrase, [])).rejects.toEqual(code('vault-untrusted'));
    const file = decodeVaultFile(vault.text);
    const store = await VaultStore.open(new IDBFactory());
    const sealed = `${file.sealed.startsWith('A') ? 'B' : 'A'}${file.sealed.slice(1)}`;
    await store.import(vault.header.vaultId, `${JSON.stringify({ ...file, sealed })}\n`, NOON.toISOString());
    const options = { store, subtle, deriveKey: quickKey, now: () => NOON };
    const changed = UnlockedVault.unlock(options, vault.header.vaultId, byPassphrase(ascii(vault.passphrase)), [
      vault.root,
    ]);
    await expect(changed).rejects.toEqual(code('vault-changed'));
  });

  it('is refused if its journal is truncated', async () => {
    const { vault, store, unlock } = await setUp();
    await (await unlock()).exportKey(exportRequest());
    const entries = await store.entries(vault.header.vaultId);
    store.entries = async () => entries.slice(0, -1);
    await expect(unlock()).rejects.toEqual(code('vault-changed'));
  });

  it('signs the whole journal on request and when it is locked', async () => {
    const { vault, store, unlock } = await setUp();
    const unlocked = await unlock();
    await unlocked.exportKey(exportRequest());
    const journal = await unlocked.journal();
    const locked = await unlocked.lock('idle');
    const { journalPublicKey, headerHash } = await verifyVaultFile(
      decodeVaultFile(vault.text),
      [vault.root],
      verifyEd25519,
    );
    for (const [envelope, count] of [
      [journal, 2],
      [locked, 3],
    ] as const) {
      const payload = await openEnvelope(envelope, JOURNAL_TYPE, journalPublicKey, verifyEd25519);
      const { entries } = decodeVaultJournal(JSON.parse(new TextDecoder().decode(payload)));
      expect(entries).toHaveLength(count);
      expect(findChainBreaks(entries, headerHash)).toEqual([]);
    }
    expect((await store.find(vault.header.vaultId))?.journal).toEqual(locked);
  });
});

describe('a vault with a passkey', () => {
  const OUTPUT = sha256(ascii('output of the PRF'));
  const passkey = (output = copy(OUTPUT)) => ({
    credential: copy(ascii('credential')),
    salt: new Uint8Array(32),
    output,
  });

  it('is unlocked by the passkey, exports, and records the passkey in its journal', async () => {
    const { vault, store, unlock, unlockByPasskey } = await setUp();
    const first = await unlock();
    await first.enrol(passkey());
    await first.lock('asked');
    const unlocked = await unlockByPasskey(copy(OUTPUT));
    expect(await store.lastEntry(vault.header.vaultId)).toMatchObject({ event: { kind: 'unlocked', by: 'passkey' } });
    expect(decodeHeader((await unlocked.exportKey(exportRequest())).data).xc).toBe(1);
  });

  it('stores neither the output of the PRF nor KEK, and wipes the output', async () => {
    const { vault, store, unlock, unlockByPasskey } = await setUp();
    const enrolled = passkey();
    await (await unlock()).enrol(enrolled);
    expect(enrolled.output.every((byte) => byte === 0)).toBe(true);
    const { passkey: stored } = (await store.find(vault.header.vaultId)) ?? {};
    expect(stored?.sealedKek).toHaveLength(60);
    const { salt } = vaultCost(vault.header);
    const kek = await quickKey(ascii(vault.passphrase), salt, vaultCost(vault.header));
    const text = Buffer.from(stored?.sealedKek ?? []).toString('hex');
    for (const secret of [kek, OUTPUT]) expect(text).not.toContain(Buffer.from(secret).toString('hex').slice(0, 16));
    for (const secret of [copy(OUTPUT), sha256(OUTPUT)]) {
      await unlockByPasskey(secret).catch(() => undefined);
      expect(secret.every((byte) => byte === 0)).toBe(true);
    }
  });

  it('refuses another passkey and a deleted passkey, and counts no wrong passphrase', async () => {
    const { vault, store, unlock, unlockByPasskey } = await setUp();
    const id = vault.header.vaultId;
    await expect(unlockByPasskey(copy(OUTPUT))).rejects.toEqual(code('passkey-refused'));
    await (await unlock()).enrol(passkey());
    await expect(unlockByPasskey(sha256(OUTPUT))).rejects.toEqual(code('passkey-refused'));
    await store.deletePasskey(id);
    await expect(unlockByPasskey(copy(OUTPUT))).rejects.toEqual(code('passkey-refused'));
    expect(await store.find(id)).toMatchObject({ refused: 0 });
    await unlock();
  });

  it('refuses the passkey of another vault file', async () => {
    const [one, other] = [await setUp(), await setUp()];
    await (await one.unlock()).enrol(passkey());
    const stored = (await one.store.find(one.vault.header.vaultId))?.passkey;
    await other.store.setPasskey(other.vault.header.vaultId, stored ?? expect.fail());
    await expect(other.unlockByPasskey(copy(OUTPUT))).rejects.toEqual(code('passkey-refused'));
  });

  it('has the same validity with the passkey as with the passphrase', async () => {
    const setup = await setUp({ expires: '2026-11-23T14:00:00.000Z' });
    await (await setup.unlock()).enrol(passkey());
    setup.now = new Date('2026-11-23T14:00:00.000Z');
    await expect(setup.unlockByPasskey(copy(OUTPUT))).rejects.toEqual(code('vault-expired'));
  });

  it('has only one passkey, and a new passkey replaces it', async () => {
    const { unlock, unlockByPasskey } = await setUp();
    const unlocked = await unlock();
    await unlocked.enrol(passkey());
    await unlocked.enrol(passkey(sha256(OUTPUT)));
    await expect(unlockByPasskey(copy(OUTPUT))).rejects.toEqual(code('passkey-refused'));
    await unlockByPasskey(sha256(OUTPUT));
  });
});
