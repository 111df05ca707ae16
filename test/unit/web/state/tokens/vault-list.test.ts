// The lists of vaults: several vaults in one browser, several that were lost, and the files of
// their journals.
import { describe, expect, it, vi } from 'vitest';
import { fromHex } from '#protocol/bytes/hex.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import { exportRequest } from '#test/support/as-card.ts';
import { clearSilently } from '#test/support/lost-database.ts';
import { Disk, file, unlocked, vaultOf } from './vault-fixture.ts';

const ROOT = fromHex('22'.repeat(32));

/** A browser with two vaults of one AS, the first of which is unlocked. */
async function twoVaults() {
  const browser = new Disk();
  const page = await unlocked(browser, { root: ROOT });
  const other = await vaultOf({ root: ROOT, asNumber: 8 });
  await page.vaults.import(file(other.text));
  return { ...page, browser, other, ids: [page.vault.header.vaultId, other.header.vaultId] as const };
}

const signedIn = (text = ''): Envelope => JSON.parse(text) as Envelope;

describe('several vaults', () => {
  it('count their own exports, and only the vault that exported has a journal to return', async () => {
    const { vaults, session, browser } = await twoVaults();
    await session.local?.exportKey(exportRequest());
    const counted = vaults.vaults.map(({ number, exports, isToReturn }) => [number, exports, isToReturn]);
    expect(counted.sort()).toEqual([
      ['0007', 1, true],
      ['0008', 0, false],
    ]);
    expect(browser.toReturn).toEqual(['0007']);
  });

  it('have the journal of the unlocked vault signed on demand, and that of another as it was stored', async () => {
    const { vaults, session, ids, other, browser } = await twoVaults();
    const [first, second] = ids;
    expect(await vaults.journal(second)).toBeUndefined();
    await session.local?.exportKey(exportRequest());
    const live = await vaults.journal(first);
    expect(live?.name).toBe('vault-0007-journal.json');
    await vaults.unlock(second, other.passphrase);
    const stored = await vaults.journal(first);
    expect(signedIn(stored?.text).payload).not.toBe('');
    expect(stored?.name).toBe('vault-0007-journal.json');
    expect((await vaults.journal(second))?.name).toBe('vault-0008-journal.json');
    expect(await vaults.journal('no vault')).toBeUndefined();
    expect(browser.workers.map(({ isTerminated }) => isTerminated)).toEqual([true, false]);
  });

  it('show the vault that is being unlocked, and unlock one at a time', async () => {
    const { vaults, ids, other, vault } = await twoVaults();
    await vaults.lock();
    const [first, second] = ids;
    const unlocking = vaults.unlock(second, other.passphrase);
    expect(vaults.unlockingId).toBe(second);
    await vaults.unlock(first, vault.passphrase);
    expect(vaults.unlockingId).toBe(second);
    await unlocking;
    expect([vaults.unlockingId, vaults.unlockedId]).toEqual([undefined, second]);
  });

  it('are returned one at a time, and the report names the vault until another is unlocked', async () => {
    const { vaults, ids, vault, other, browser } = await twoVaults();
    const [first, second] = ids;
    await vaults.lock();
    const returning = vaults.returnJournal(first);
    expect([vaults.returningId, vaults.report]).toEqual([first, undefined]);
    await vaults.returnJournal(first);
    await returning;
    expect([vaults.returningId, vaults.report?.vault, browser.returned]).toEqual([
      undefined,
      first,
      [`vault ${first}`],
    ]);
    await vaults.unlock(second, other.passphrase);
    expect(vaults.report).toBeUndefined();
    await vaults.unlock(first, vault.passphrase);
    expect(vaults.unlockedId).toBe(first);
  });
});

describe('an unlocked vault', () => {
  it('recalls its exports by their idempotency key', async () => {
    const { session } = await unlocked();
    const request = exportRequest();
    const exported = await session.local?.exportKey(request);
    const recall = (key: string) => session.local?.recallExport?.(key);
    expect(await recall(request.idempotencyKey)).toMatchObject({ exportId: exported?.exportId });
    expect(await recall('A'.repeat(22))).toBeUndefined();
  });
});

describe('a journal that the AS does not accept', () => {
  it('remains to be returned, and the session ends if the AS requires a new sign-in', async () => {
    const { vaults, session, browser, vault } = await unlocked();
    await session.local?.exportKey(exportRequest());
    await vaults.lock();
    browser.returnRefusal = new ProtocolError('signed-out', 'scripted');
    const endOn = vi.spyOn(session, 'endOn');
    const { vaultId } = vault.header;
    await vaults.returnJournal(vaultId);
    expect(vaults.failure).toEqual({ vault: vaultId, failure: { code: 'signed-out' } });
    expect(endOn.mock.calls).toEqual([[{ code: 'signed-out' }]]);
    expect([vaults.report, vaults.returningId, browser.toReturn]).toEqual([undefined, undefined, ['0007']]);
  });
});

describe('several lost vaults', () => {
  async function bothLost() {
    const page = await twoVaults();
    const { vaults, ids, other, vault, session } = page;
    await session.local?.exportKey(exportRequest());
    await vaults.unlock(ids[1], other.passphrase);
    await session.local?.exportKey(exportRequest());
    await vaults.lock();
    const later = page.browser.tab([vault, other]);
    await later.vaults.read();
    await clearSilently(page.browser);
    await later.vaults.read();
    return { ...page, later };
  }

  it('are shown with their numbers, and each message is dismissed on its own', async () => {
    const { later, browser, ids } = await bothLost();
    expect(later.vaults.lost.map(({ number }) => number).sort()).toEqual(['0007', '0008']);
    expect(later.vaults.vaults).toEqual([]);
    const [lost] = later.vaults.lost.filter(({ id }) => id === ids[0]);
    if (!lost) throw new TypeError('nothing is lost');
    later.vaults.dismissLoss(lost);
    expect(later.vaults.lost.map(({ number }) => number)).toEqual(['0008']);
    expect(browser.toReturn).toEqual(['0008']);
    expect(later.vaults.takeLostJournal(lost)).toBeUndefined();
  });

  it('have one journal each, which is saved and then dismissed on its own', async () => {
    const { vaults, session, browser, ids } = await twoVaults();
    await session.local?.exportKey(exportRequest());
    await clearSilently(browser);
    await vaults.read();
    await expect.poll(() => vaults.hasUnsavedJournal).toBe(true);
    const lost = ids.map((id) => vaults.lost.find((each) => each.id === id));
    const [first, second] = lost;
    if (!first || !second) throw new TypeError('nothing is lost');
    expect([first.journal === undefined, second.journal]).toEqual([false, undefined]);
    expect(vaults.takeLostJournal(second)).toBeUndefined();
    expect(vaults.hasUnsavedJournal).toBe(true);
    vaults.dismissLoss(second);
    vaults.dismissLoss(first);
    expect(vaults.lost.map(({ id }) => id)).toEqual([ids[0]]);
    expect(vaults.takeLostJournal(first)?.name).toBe('vault-0007-journal.json');
    expect(vaults.hasUnsavedJournal).toBe(false);
  });
});
