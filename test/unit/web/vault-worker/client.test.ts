// The client of the vault worker in the page, with the real code of the worker.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ascii } from '#protocol/bytes/text.ts';
import { encodePassphrase } from '#protocol/vault/passphrase.ts';
import { TEST_SET, TEST_TKV, TEST_TRANSPORT_KEY } from '#test/support/units.ts';
import { createTestVault, quickKey, type TestVault } from '#test/support/vault.ts';
import { TestVaultWorker } from '#test/support/vault-worker.ts';
import { VaultClient } from '#web/vault-worker/client.ts';
import type { Opener } from '#web/vault-worker/messages.ts';

const code = (expected: string) => expect.objectContaining({ code: expected });

function byPassphrase({ passphrase }: TestVault): Opener {
  return { by: 'passphrase', secret: encodePassphrase(passphrase) };
}

async function setUp(): Promise<{
  vault: TestVault;
  worker: TestVaultWorker;
  client: VaultClient;
  ended: () => number;
}> {
  const vault = await createTestVault({
    set: TEST_SET,
    transportKeys: [{ tkv: TEST_TKV, key: TEST_TRANSPORT_KEY }],
    keys: [{ ref1: 0x0103, akv: 1, slot: 2, key: new Uint8Array(32).fill(7) }],
    units: null,
    derive: quickKey,
  });
  const worker = new TestVaultWorker();
  await (await worker.store).import(vault.header.vaultId, vault.text, '2026-11-23T12:00:00.000Z');
  let count = 0;
  return { vault, worker, client: new VaultClient(worker, () => count++), ended: () => count };
}

describe('VaultClient', () => {
  it('rejects every request before unlocking and after locking', async () => {
    const { vault, worker, client, ended } = await setUp();
    await expect(client.status()).rejects.toEqual(code('vault-locked'));
    await client.unlock(vault.header.vaultId, byPassphrase(vault), [vault.root]);
    expect(await client.status()).toEqual({ exports: 0, entries: 1 });
    await client.lock('asked');
    expect([worker.isTerminated, ended()]).toEqual([true, 1]);
    await expect(client.status()).rejects.toEqual(code('vault-locked'));
    await expect(client.journal()).rejects.toEqual(code('vault-locked'));
  });

  it('transfers the passphrase, so that the page keeps no copy', async () => {
    const { vault, client } = await setUp();
    const opener = byPassphrase(vault);
    const unlocking = client.unlock(vault.header.vaultId, opener, [vault.root]);
    expect(opener.secret).toHaveLength(0);
    await unlocking;
  });

  it('transfers the output of a passkey, which then unlocks the vault', async () => {
    const { vault, worker, client } = await setUp();
    const id = vault.header.vaultId;
    await client.unlock(id, byPassphrase(vault), [vault.root]);
    const passkey = { credential: new Uint8Array(16), salt: new Uint8Array(32), output: new Uint8Array(32).fill(5) };
    const enrolling = client.enrol(passkey);
    expect(passkey.output).toHaveLength(0);
    await enrolling;
    await client.lock('asked');
    const again = new VaultClient(worker.next(), () => undefined);
    const opener = { by: 'passkey', secret: new Uint8Array(32).fill(5) } as const;
    expect(await again.unlock(id, opener, [vault.root])).toEqual({ exports: 0, entries: 3 });
  });

  it('wipes a secret after the worker is terminated', async () => {
    const { vault, client } = await setUp();
    client.end();
    const opener = byPassphrase(vault);
    await expect(client.unlock(vault.header.vaultId, opener, [vault.root])).rejects.toEqual(code('vault-locked'));
    expect(opener.secret).toEqual(new Uint8Array(vault.passphrase.length));
    const passkey = { credential: new Uint8Array(16), salt: new Uint8Array(32), output: new Uint8Array(32).fill(5) };
    await expect(client.enrol(passkey)).rejects.toEqual(code('vault-locked'));
    expect(passkey.output).toEqual(new Uint8Array(32));
  });

  it('sends no key in either direction', async () => {
    const { vault, worker, client } = await setUp();
    await client.unlock(vault.header.vaultId, byPassphrase(vault), [vault.root]);
    await client.journal();
    await client.lock('asked');
    const text = JSON.stringify(worker.messages.slice(1), (_key, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
    );
    for (const secret of [TEST_TRANSPORT_KEY, new Uint8Array(32).fill(7), ascii(vault.passphrase)]) {
      expect(text).not.toContain(Buffer.from(secret).toString('hex'));
      expect(text).not.toContain(Buffer.from(secret).toString('base64url'));
    }
  });

  it('rejects all pending requests when the worker fails', async () => {
    const { client, worker, ended } = await setUp();
    worker.postMessage = () => undefined;
    const pending = [client.status(), client.journal()];
    worker.onerror?.(Object.assign(new Event('error'), { message: 'a bug' }) as ErrorEvent);
    for (const request of pending) await expect(request).rejects.toEqual(code('vault-locked'));
    expect(ended()).toBe(1);
  });

  it('reports that its script could not be fetched, never that the vault is locked', async () => {
    const { vault, client, worker, ended } = await setUp();
    worker.postMessage = () => undefined;
    const unlocking = client.unlock(vault.header.vaultId, byPassphrase(vault), [vault.root]);
    worker.onerror?.(new Event('error') as ErrorEvent);
    await expect(unlocking).rejects.toEqual(code('part-unreachable'));
    expect(ended()).toBe(1);
  });

  it('rejects with a TypeError for a bug in the worker', async () => {
    const { vault, client } = await setUp();
    const unlock = (): Promise<unknown> => client.unlock(vault.header.vaultId, byPassphrase(vault), [vault.root]);
    await unlock();
    await expect(unlock()).rejects.toThrow(TypeError);
  });
});

describe('a worker that does not answer', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is terminated after the timeout', async () => {
    const worker = new TestVaultWorker();
    worker.postMessage = () => undefined;
    const client = new VaultClient(worker, () => undefined);
    const refused = expect(client.status()).rejects.toEqual(code('vault-locked'));
    await vi.advanceTimersByTimeAsync(15_000);
    await refused;
    expect(worker.isTerminated).toBe(true);
  });
});
