// After each unlocking, successful or not, the vault worker wipes the passphrase or PRF output, KEK
// and the opened secrets.
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type Bytes, isZero } from '#protocol/bytes/bytes.ts';
import { toHex } from '#protocol/bytes/hex.ts';
import { ascii } from '#protocol/bytes/text.ts';
import type { VaultSecrets } from '#protocol/vault/secrets.ts';
import { TEST_SET, TEST_SN, TEST_TKV, TEST_TRANSPORT_KEY } from '#test/support/units.ts';
import { createTestVault, quickKey } from '#test/support/vault.ts';
import { VaultStore } from '#web/vault-store/vault-store.ts';
import { UnlockedVault } from '#web/vault-worker/unlocked-vault.ts';
import { VaultKeyStore } from '#web/vault-worker/vault-key-store.ts';

const { subtle } = globalThis.crypto;
const watch = vi.hoisted(() => ({ opened: [] as VaultSecrets[], keks: [] as Uint8Array[] }));

vi.mock('#protocol/vault/secrets.ts', async (original) => {
  const real = await original<typeof import('#protocol/vault/secrets.ts')>();
  const openVaultSecrets: typeof real.openVaultSecrets = (...parameters) => {
    const secrets = real.openVaultSecrets(...parameters);
    watch.opened.push(secrets);
    return secrets;
  };
  return { ...real, openVaultSecrets };
});

beforeEach(() => {
  watch.opened.length = 0;
  watch.keks.length = 0;
});

async function unlock(passphrase?: string) {
  const vault = await createTestVault({
    set: TEST_SET,
    transportKeys: [{ tkv: TEST_TKV, key: TEST_TRANSPORT_KEY }],
    keys: [{ ref1: 0x0103, akv: 1, slot: 2, key: new Uint8Array(32).fill(7) }],
    units: [toHex(TEST_SN)],
    derive: quickKey,
  });
  const store = await VaultStore.open(new IDBFactory());
  const now = new Date('2026-11-23T12:00:00.000Z');
  await store.import(vault.header.vaultId, vault.text, now.toISOString());
  const deriveKey: typeof quickKey = async (...parameters) => {
    const kek = await quickKey(...parameters);
    watch.keks.push(kek);
    return kek;
  };
  const secret: Bytes = ascii(passphrase ?? vault.passphrase);
  const unlocking = UnlockedVault.unlock(
    { store, subtle, deriveKey, now: () => now },
    vault.header.vaultId,
    { by: 'passphrase', secret },
    [vault.root],
  );
  return { secret, unlocking };
}

function keysOf({ dataKey, journalKey, applicationKeys, deviceKeys, transportKeys }: VaultSecrets): Uint8Array[] {
  return [dataKey, journalKey, ...[...applicationKeys, ...deviceKeys, ...transportKeys].map(({ key }) => key)];
}

function expectWiped(secret: Uint8Array, opened: number): void {
  expect(isZero(secret)).toBe(true);
  expect(watch.keks).toHaveLength(1);
  expect(watch.keks.every(isZero)).toBe(true);
  expect(watch.opened).toHaveLength(opened);
  for (const secrets of watch.opened) {
    expect(keysOf(secrets).length).toBeGreaterThanOrEqual(4);
    expect(keysOf(secrets).every(isZero)).toBe(true);
  }
}

describe('after an unlocking', () => {
  it('that succeeds, the secret, KEK and the opened secrets are zero', async () => {
    const { secret, unlocking } = await unlock();
    await unlocking;
    expectWiped(secret, 1);
  });

  it('with a wrong passphrase, the secret and KEK are zero', async () => {
    const { secret, unlocking } = await unlock('a wrong passphrase');
    await expect(unlocking).rejects.toMatchObject({ code: 'passphrase-wrong' });
    expectWiped(secret, 0);
  });

  it('that fails after the secrets are opened, all of them are zero', async () => {
    const create = vi.spyOn(VaultKeyStore, 'create').mockRejectedValue(new TypeError('scripted'));
    const { secret, unlocking } = await unlock();
    await expect(unlocking).rejects.toThrow('scripted');
    create.mockRestore();
    expectWiped(secret, 1);
  });
});
