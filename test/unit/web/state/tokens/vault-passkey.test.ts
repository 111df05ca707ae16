// Unlocks a vault with a passkey: adding, using and removing the passkey.
import { describe, expect, it } from 'vitest';
import { fromHex } from '#protocol/bytes/hex.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { Browser, file, type Unlocked, unlocked, vaultOf } from './vault-fixture.ts';

describe('a vault with a passkey', () => {
  const refusal = new ProtocolError('passkey-refused', 'cancelled');

  async function withPasskey(): Promise<Unlocked & { readonly id: string }> {
    const made = await unlocked();
    await made.vaults.addPasskey();
    expect(made.vaults.vaults).toMatchObject([{ hasPasskey: true }]);
    await made.vaults.lock();
    return { ...made, id: made.vault.header.vaultId };
  }

  it('is unlocked by the passkey and by the passphrase', async () => {
    const { vaults, session, vault, id } = await withPasskey();
    expect(vaults.vaults).toMatchObject([{ hasPasskey: true }]);
    await vaults.unlockByPasskey(id);
    expect([vaults.unlockedId, vaults.failure, session.signedIn?.kind]).toEqual([id, undefined, 'vault']);
    await vaults.lock();
    await vaults.unlock(id, vault.passphrase);
    expect(vaults.unlockedId).toBe(id);
  });

  it('stays locked when the passkey is refused, ends its worker, and counts no wrong passphrase', async () => {
    const { vaults, browser, id } = await withPasskey();
    browser.passkeys.refusal = refusal;
    await vaults.unlockByPasskey(id);
    expect(vaults.failure).toEqual({ vault: id, failure: { code: 'passkey-refused' } });
    expect([vaults.unlockedId, vaults.unlockingId, vaults.isConfirming]).toEqual([undefined, undefined, false]);
    expect(vaults.vaults).toMatchObject([{ wrongPassphrases: 0, hasPasskey: true }]);
    expect(browser.workers.at(-1)?.isTerminated).toBe(true);
    browser.passkeys.refusal = undefined;
    await vaults.unlockByPasskey(id);
    expect(vaults.unlockedId).toBe(id);
  });

  it('wipes the PRF output when the worker fails while the dialog is open', async () => {
    const { vaults, browser, id } = await withPasskey();
    let confirm = (): void => undefined;
    browser.passkeys.dialog = new Promise((resolve) => {
      confirm = resolve;
    });
    const unlocking = vaults.unlockByPasskey(id);
    await expect.poll(() => vaults.isConfirming).toBe(true);
    browser.workers.at(-1)?.onerror?.(Object.assign(new Event('error'), { message: 'a bug' }) as ErrorEvent);
    confirm();
    await unlocking;
    expect(vaults.failure).toEqual({ vault: id, failure: { code: 'vault-locked' } });
    expect(browser.passkeys.output).toEqual(new Uint8Array(32));
  });

  it('is not created while no vault is unlocked', async () => {
    const { vaults, id } = await withPasskey();
    await vaults.removePasskey(id);
    await vaults.addPasskey();
    expect(vaults.vaults).toMatchObject([{ hasPasskey: false }]);
    expect(vaults.failure).toBeUndefined();
  });

  it('creates each passkey for the id of the vault', async () => {
    const { vaults, browser, vault } = await unlocked();
    await vaults.addPasskey();
    await vaults.addPasskey();
    const user = { id: fromBase64url(vault.header.vaultId), name: 'Vault 0007' };
    expect(browser.passkeys.users).toEqual([user, user]);
  });

  it('stays unlocked without a passkey when none can be created', async () => {
    const { vaults, browser, vault } = await unlocked();
    browser.passkeys.refusal = new ProtocolError('passkey-unsupported', 'no PRF');
    await vaults.addPasskey();
    expect(vaults.failure).toMatchObject({ failure: { code: 'passkey-unsupported' } });
    expect(vaults.vaults).toMatchObject([{ hasPasskey: false }]);
    expect(vaults.unlockedId).toBe(vault.header.vaultId);
  });

  it('can only be unlocked by the passphrase after the passkey is removed', async () => {
    const { vaults, vault, id } = await withPasskey();
    await vaults.removePasskey(id);
    expect(vaults.vaults).toMatchObject([{ hasPasskey: false }]);
    await vaults.unlockByPasskey(id);
    expect(vaults.failure).toMatchObject({ failure: { code: 'passkey-refused' } });
    await vaults.unlock(id, vault.passphrase);
    expect(vaults.unlockedId).toBe(id);
  });

  it('keeps its passkey when the same file is imported again, and shares it with no other vault', async () => {
    const { vaults, vault } = await withPasskey();
    await vaults.import(file(vault.text));
    expect(vaults.vaults).toMatchObject([{ hasPasskey: true }]);
    const browser = new Browser();
    const root = fromHex('33'.repeat(32));
    const first = await unlocked(browser, { root });
    await first.vaults.addPasskey();
    const next = await vaultOf({ root, asNumber: 8 });
    await first.vaults.import(file(next.text));
    const passkeys = first.vaults.vaults.map(({ number, hasPasskey }) => [number, hasPasskey]);
    expect(Object.fromEntries(passkeys)).toEqual({ '0007': true, '0008': false });
  });

  it('cannot have a passkey in a browser without passkeys', async () => {
    const browser = new Browser();
    browser.passkeys.unavailable = 'address';
    const { vaults } = await unlocked(browser);
    await vaults.read();
    expect(vaults.passkeyBar).toBe('address');
  });
});
