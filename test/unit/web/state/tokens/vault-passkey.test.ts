import { describe, expect, it } from 'vitest';
import { fromHex } from '#protocol/bytes/hex.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';

import { Browser, file, type Unlocked, unlocked, vaultOf } from './vault-fixture.ts';

describe('a vault with a passkey', () => {
  const refusal = new ProtocolError('passkey-refused', 'not this time');

  async function enrolled(): Promise<Unlocked & { readonly id: string }> {
    const made = await unlocked();
    await made.desk.enrolPasskey();
    await made.desk.lock();
    return { ...made, id: made.vault.header.vaultId };
  }

  it('is opened by it from then on, and by the passphrase as well', async () => {
    const { desk, session, vault, id } = await enrolled();
    expect(desk.vaults).toMatchObject([{ hasPasskey: true }]);
    await desk.unlockByPasskey(id);
    expect([desk.opened, desk.failure, session.in?.kind]).toEqual([id, undefined, 'vault']);
    await desk.lock();
    await desk.unlock(id, vault.passphrase);
    expect(desk.opened).toBe(id);
  });

  it('stays locked when the passkey is not confirmed: the worker is ended, and no passphrase is counted', async () => {
    const { desk, browser, id } = await enrolled();
    browser.passkeys.refusal = refusal;
    await desk.unlockByPasskey(id);
    expect(desk.failure).toEqual({ vault: id, failure: { code: 'passkey-refused' } });
    expect([desk.opened, desk.unlocking, desk.confirming]).toEqual([undefined, undefined, false]);
    expect(desk.vaults).toMatchObject([{ refused: 0, hasPasskey: true }]);
    expect(browser.workers.at(-1)?.isTerminated).toBe(true);
    browser.passkeys.refusal = undefined;
    await desk.unlockByPasskey(id);
    expect(desk.opened).toBe(id);
  });

  it('leaves nothing of what the passkey gave where the worker broke while the dialog was open', async () => {
    const { desk, browser, id } = await enrolled();
    let confirm = (): void => undefined;
    browser.passkeys.dialog = new Promise((resolve) => {
      confirm = resolve;
    });
    const unlocking = desk.unlockByPasskey(id);
    await expect.poll(() => desk.confirming).toBe(true);
    browser.workers.at(-1)?.onerror?.(new Event('error') as ErrorEvent);
    confirm();
    await unlocking;
    expect(desk.failure).toEqual({ vault: id, failure: { code: 'vault-locked' } });
    expect(browser.passkeys.given).toEqual(new Uint8Array(32));
  });

  it('has it made under its own id, each time the same', async () => {
    const { desk, browser, vault } = await unlocked();
    await desk.enrolPasskey();
    await desk.enrolPasskey();
    const user = { id: fromBase64url(vault.header.vaultId), name: 'Vault 0007' };
    expect(browser.passkeys.users).toEqual([user, user]);
  });

  it('has none where it could not be made, and stays open', async () => {
    const { desk, browser, vault } = await unlocked();
    browser.passkeys.refusal = new ProtocolError('passkey-unsupported', 'no PRF');
    await desk.enrolPasskey();
    expect(desk.failure).toMatchObject({ failure: { code: 'passkey-unsupported' } });
    expect(desk.vaults).toMatchObject([{ hasPasskey: false }]);
    expect(desk.opened).toBe(vault.header.vaultId);
  });

  it('wants the passphrase again once the passkey was forgotten', async () => {
    const { desk, vault, id } = await enrolled();
    await desk.forgetPasskey(id);
    expect(desk.vaults).toMatchObject([{ hasPasskey: false }]);
    await desk.unlockByPasskey(id);
    expect(desk.failure).toMatchObject({ failure: { code: 'passkey-refused' } });
    await desk.unlock(id, vault.passphrase);
    expect(desk.opened).toBe(id);
  });

  it('keeps it when the same file is brought in again, and another vault has none', async () => {
    const { desk, vault } = await enrolled();
    await desk.import(file(vault.text));
    expect(desk.vaults).toMatchObject([{ hasPasskey: true }]);
    const browser = new Browser();
    const root = fromHex('33'.repeat(32));
    const first = await unlocked(browser, { root });
    await first.desk.enrolPasskey();
    const next = await vaultOf({ root, asNumber: 8 });
    await first.desk.import(file(next.text));
    const passkeys = first.desk.vaults.map(({ number, hasPasskey }) => [number, hasPasskey]);
    expect(Object.fromEntries(passkeys)).toEqual({ '0007': true, '0008': false });
  });

  it('is not offered where the browser has none', async () => {
    const browser = new Browser();
    browser.passkeys.here = 'address';
    const { desk } = await unlocked(browser);
    await desk.read();
    expect(desk.passkeyBar).toBe('address');
  });
});
