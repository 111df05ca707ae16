// The page's side of the door: nothing of a vault can be asked for before it is unlocked or after it is locked, and a worker that is silent or
// broken is ended, with everyone who waits for it told.
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

async function benchOf(): Promise<{
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

describe('the door to a vault', () => {
  it('is shut until the vault is unlocked, and again once it is locked', async () => {
    const { vault, worker, client, ended } = await benchOf();
    await expect(client.status()).rejects.toEqual(code('vault-locked'));
    await client.unlock(vault.header.vaultId, byPassphrase(vault), [vault.root]);
    expect(await client.status()).toEqual({ exports: 0, entries: 1 });
    await client.lock('asked');
    expect([worker.isTerminated, ended()]).toEqual([true, 1]);
    await expect(client.status()).rejects.toEqual(code('vault-locked'));
    await expect(client.journal()).rejects.toEqual(code('vault-locked'));
  });

  it('hands the octets of the passphrase over, so that none are left on the page', async () => {
    const { vault, client } = await benchOf();
    const opener = byPassphrase(vault);
    const unlocking = client.unlock(vault.header.vaultId, opener, [vault.root]);
    expect(opener.secret).toHaveLength(0);
    await unlocking;
  });

  it('hands over what a passkey gave, and is opened by it the next time', async () => {
    const { vault, worker, client } = await benchOf();
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

  it('wipes what nobody is left to take', async () => {
    const { vault, client } = await benchOf();
    client.end();
    const opener = byPassphrase(vault);
    await expect(client.unlock(vault.header.vaultId, opener, [vault.root])).rejects.toEqual(code('vault-locked'));
    expect(opener.secret).toEqual(new Uint8Array(vault.passphrase.length));
    const passkey = { credential: new Uint8Array(16), salt: new Uint8Array(32), output: new Uint8Array(32).fill(5) };
    await expect(client.enrol(passkey)).rejects.toEqual(code('vault-locked'));
    expect(passkey.output).toEqual(new Uint8Array(32));
  });

  it('says nothing that a key could be read from, in either direction', async () => {
    const { vault, worker, client } = await benchOf();
    await client.unlock(vault.header.vaultId, byPassphrase(vault), [vault.root]);
    await client.journal();
    await client.lock('asked');
    const said = JSON.stringify(worker.messages.slice(1), (_key, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
    );
    for (const secret of [TEST_TRANSPORT_KEY, new Uint8Array(32).fill(7), ascii(vault.passphrase)]) {
      expect(said).not.toContain(Buffer.from(secret).toString('hex'));
      expect(said).not.toContain(Buffer.from(secret).toString('base64url'));
    }
  });

  it('tells everyone who waits when the worker breaks', async () => {
    const { client, worker, ended } = await benchOf();
    worker.postMessage = () => undefined;
    const waiting = [client.status(), client.journal()];
    worker.onerror?.(new Event('error') as ErrorEvent);
    for (const one of waiting) await expect(one).rejects.toEqual(code('vault-locked'));
    expect(ended()).toBe(1);
  });

  it('takes a fault of the worker for what it is: a fault of the program', async () => {
    const { vault, client } = await benchOf();
    const unlock = (): Promise<unknown> => client.unlock(vault.header.vaultId, byPassphrase(vault), [vault.root]);
    await unlock();
    await expect(unlock()).rejects.toThrow(TypeError);
  });
});

describe('a worker that is silent', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is ended when its time is over', async () => {
    const worker = new TestVaultWorker();
    worker.postMessage = () => undefined;
    const client = new VaultClient(worker, () => undefined);
    const refused = expect(client.status()).rejects.toEqual(code('vault-locked'));
    await vi.advanceTimersByTimeAsync(15_000);
    await refused;
    expect(worker.isTerminated).toBe(true);
  });
});
