// How a session begins and ends: the root key at the first contact, the end of the access code, the
// refusals of the AS, and the vault or card in place of the service.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ErrorCode, ProtocolError } from '#protocol/errors.ts';
import type { SetJson } from '#protocol/service/messages.ts';
import { AsClock } from '#web/state/session/as-clock.svelte.ts';
import { ExportsLeft } from '#web/state/session/exports-left.svelte.ts';
import { RootChange } from '#web/state/session/root-change.svelte.ts';
import { limitConcurrency, MAX_REQUESTS, Semaphore } from '#web/state/session/semaphore.ts';
import { type AsAccount, type LocalAccount, Session } from '#web/state/session/session.svelte.ts';

const NOW = Date.parse('2026-11-30T12:00:00Z');
const DAY = 86_400_000;
const SHOWN = { fingerprint: 'AAAA', root: 'the root that is shown' };
const SETS = [{ set: 1 }] as unknown as readonly SetJson[];
const refusal = (code: ErrorCode) => Promise.reject(new ProtocolError(code, 'refused'));

function create({ expires = NOW + 3_600_000, isPinned = true } = {}) {
  const roots = {
    isPinned: vi.fn(async () => isPinned),
    compare: async () => ({ pinned: undefined, shown: SHOWN }),
    replace: vi.fn(async (_root: string) => undefined),
  };
  const service = { name: 'AS', asNumber: 0, demo: false };
  const whoami = { operator: 'olga', role: 'operator', expires: new Date(expires).toISOString(), service };
  const account = {
    roots,
    signIn: vi.fn(async (_code: string) => whoami),
    signOut: vi.fn(),
    keys: vi.fn(async () => [] as readonly SetJson[]),
  };
  const session = new Session(
    async () => account as unknown as AsAccount,
    () => ['https://as.example'],
    () => new Date(NOW),
  );
  return { session, account, roots };
}

function createVault(exportsLeft: LocalAccount['exportsLeft'] = async () => 9) {
  const vault = { kind: 'vault', name: 'vault 1', asNumber: 1, origin: 'vault 1', keys: async () => SETS, exportsLeft };
  return { ...vault, signOut: vi.fn() } as unknown as LocalAccount;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a sign-in', () => {
  it('that the AS refuses leaves the reason', async () => {
    const { session, account } = create();
    expect(session.state).toEqual({ is: 'out' });
    account.signIn.mockImplementationOnce(() => refusal('signed-out'));
    await session.signIn('KF');
    expect(session.state).toEqual({ is: 'out', failure: { code: 'signed-out' } });
  });
});

describe('another root key', () => {
  it('is pinned after the operator has compared and confirmed it, and ends the session', async () => {
    const { session, roots } = create();
    await session.signIn('KF');
    const change = new RootChange(session);
    await expect(change.trust()).rejects.toThrow(RangeError);
    change.confirm(true);
    await expect(change.trust()).rejects.toThrow(RangeError);
    await change.compare();
    expect(change.comparison?.shown).toEqual(SHOWN);
    roots.replace.mockImplementationOnce(() => refusal('service-unreachable'));
    await change.trust();
    expect(change).toMatchObject({ confirmed: false, failure: { code: 'service-unreachable' } });
    await expect(change.trust()).rejects.toThrow(RangeError);
    expect(session.state.is).toBe('in');
    change.confirm(true);
    await change.trust();
    expect(roots.replace.mock.calls).toEqual([[SHOWN.root], [SHOWN.root]]);
    expect(change.failure).toBeUndefined();
    expect(session.state).toEqual({ is: 'out' });
  });
});

describe('the first contact', () => {
  it('shows the root key, and sends no access code before the operator has compared that key', async () => {
    const { session, account, roots } = create({ isPinned: false });
    await session.fetchRoot();
    expect(session.unpinned).toEqual(SHOWN);
    for (const compared of [undefined, 'another root']) {
      await session.signIn('KF', compared);
      expect(session.state).toEqual({ is: 'out' });
      expect(session.unpinned).toEqual(SHOWN);
    }
    expect(account.signIn).not.toHaveBeenCalled();
    expect(roots.replace).not.toHaveBeenCalled();
    await session.signIn('KF', SHOWN.root);
    expect(roots.replace.mock.calls).toEqual([[SHOWN.root]]);
    expect(session.state).toMatchObject({ is: 'in', kind: 'remote', operator: 'olga' });
    expect(session.unpinned).toBeUndefined();
  });

  it('shows no root key that is pinned, and none while the AS is out of reach', async () => {
    const { session, roots } = create();
    await session.fetchRoot();
    expect(session.unpinned).toBeUndefined();
    roots.isPinned.mockImplementationOnce(() => refusal('service-unreachable'));
    await session.fetchRoot();
    expect(session).toMatchObject({ unpinned: undefined, state: { is: 'out' } });
    roots.isPinned.mockImplementationOnce(() => Promise.reject(new TypeError('bug')));
    await expect(session.fetchRoot()).rejects.toThrow(TypeError);
  });
});

describe('the end of a session', () => {
  it('comes with the access code, and not before', async () => {
    const { session, account } = create();
    await session.signIn('KF');
    vi.advanceTimersByTime(3_599_999);
    expect(session.state.is).toBe('in');
    vi.advanceTimersByTime(1);
    expect(session.state).toEqual({ is: 'out', expired: true });
    expect(account.signOut).toHaveBeenCalled();
  });

  it('is left to the AS when the clock of this computer is ahead', async () => {
    const { session } = create({ expires: NOW });
    await session.signIn('KF');
    vi.advanceTimersByTime(DAY);
    expect(session.state.is).toBe('in');
  });

  it('does not come at once for a code of 60 days, which no timer can wait for', async () => {
    const { session } = create({ expires: NOW + 60 * DAY });
    await session.signIn('KF');
    vi.advanceTimersByTime(24 * DAY);
    expect(session.state.is).toBe('in');
  });

  it('does not come for a session that has replaced it', async () => {
    const { session } = create();
    await session.signIn('KF');
    await session.use(createVault());
    vi.advanceTimersByTime(DAY);
    expect(session.state).toMatchObject({ is: 'in', kind: 'vault' });
  });

  it.each<[ErrorCode, object]>([
    ['signed-out', { is: 'out', expired: true }],
    ['service-changed', { is: 'out', failure: { code: 'service-changed' } }],
    ['vault-locked', { is: 'in' }],
    ['service-unreachable', { is: 'in' }],
  ])('follows %s from the service or not', async (code, state) => {
    const { session, account } = create();
    await session.signIn('KF');
    account.keys.mockImplementationOnce(() => refusal(code));
    await session.refresh();
    expect(session.state).toMatchObject(state);
  });

  it.each(['token-locked', 'token-lost', 'token-blocked', 'vault-locked', 'vault-expired'] as const)(
    'follows %s from a vault or card, and not from the service',
    async (code) => {
      const { session } = create();
      await session.signIn('KF');
      session.endOn({ code });
      expect(session.state.is).toBe('in');
      await session.use(createVault());
      session.endOn({ code });
      expect(session.state).toEqual({ is: 'out', failure: { code } });
    },
  );

  it('follows a lock of the vault, and the service is the AS again', async () => {
    const { session } = create();
    const vault = createVault();
    await session.use(vault);
    expect(session).toMatchObject({ origin: 'vault 1', local: vault, state: { sets: SETS, role: 'operator' } });
    session.endOn({ code: 'service-unreachable' });
    expect(session.state.is).toBe('in');
    session.endOn({ code: 'vault-locked' });
    expect(session.state).toEqual({ is: 'out', failure: { code: 'vault-locked' } });
    expect(session).toMatchObject({ origin: 'https://as.example', local: undefined });
    expect(vault.signOut).toHaveBeenCalled();
  });
});

describe('the list of keys', () => {
  it('is read again while an operator is signed in', async () => {
    const { session, account } = create();
    await session.refresh();
    expect(account.keys).not.toHaveBeenCalled();
    await session.signIn('KF');
    account.keys.mockImplementationOnce(async () => SETS);
    await session.refresh();
    expect(session.signedIn).toMatchObject({ operator: 'olga', sets: SETS });
  });

  it('is dropped when the session has ended in the meantime', async () => {
    const { session, account } = create();
    await session.signIn('KF');
    account.keys.mockImplementationOnce(async () => {
      session.signOut();
      return SETS;
    });
    await session.refresh();
    expect(session.state).toEqual({ is: 'out' });
  });
});

describe('the number of exports left', () => {
  it('is that of the vault or card in use', async () => {
    const { session } = create();
    const left = new ExportsLeft(session);
    expect(left.count).toBeUndefined();
    await session.use(createVault());
    expect(left.count).toBeUndefined();
    await left.read();
    expect(left.count).toBe(9);
    await session.use(createVault());
    expect(left.count).toBeUndefined();
    await session.signIn('KF');
    await left.read();
    expect(left.count).toBeUndefined();
  });
});

describe('requests to the AS', () => {
  it('are admitted one by one through a full semaphore, the recall too', async () => {
    expect(MAX_REQUESTS).toBe(8);
    const sent: string[] = [];
    const note = (name: string) => async () => {
      sent.push(name);
      return name as never;
    };
    const semaphore = new Semaphore(1);
    const account = {
      ...{ auditHead: undefined, exportKey: note('export'), verifyReceipt: note('verify') },
      recallExport: note('recall'),
    };
    const watch = { onWait: () => undefined, signal: new AbortController().signal };
    const limited = limitConcurrency(account, semaphore, watch);
    let end = (): void => undefined;
    const first = semaphore.run(() => new Promise<void>((resolve) => (end = resolve)));
    const asked = [
      limited.recallExport?.('' as never),
      limited.exportKey({} as never),
      limited.verifyReceipt('', new Uint8Array(), '' as never),
    ];
    await Promise.resolve();
    expect(sent).toEqual([]);
    end();
    await Promise.all([first, ...asked]);
    expect(sent).toEqual(['recall', 'export', 'verify']);
    const withoutRecall = { ...account, recallExport: undefined } as never;
    expect(limitConcurrency(withoutRecall, semaphore, watch).recallExport).toBeUndefined();
    expect(() => new Semaphore(0)).toThrow(RangeError);
  });

  it('stay in the queue when an earlier one is stopped after it was admitted', async () => {
    const semaphore = new Semaphore(1);
    const ends: (() => void)[] = [];
    const held = () => new Promise<void>((resolve) => ends.push(resolve));
    const stop = new AbortController();
    const asked = [semaphore.run(held), semaphore.run(held, stop.signal), semaphore.run(async () => 'sent')];
    ends[0]?.();
    await vi.waitUntil(() => ends.length === 2);
    stop.abort();
    ends[1]?.();
    expect(await Promise.all(asked)).toEqual([undefined, undefined, 'sent']);
  });

  it('are not sent when they were stopped before they had to wait', async () => {
    const semaphore = new Semaphore(1);
    let end = (): void => undefined;
    const first = semaphore.run(() => new Promise<void>((resolve) => (end = resolve)));
    const stopped = semaphore.run(async () => 'sent', AbortSignal.abort());
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
    end();
    await first;
    expect(await semaphore.run(async () => 'next')).toBe('next');
  });
});

it('the clock of the AS is stored only when the difference changes', () => {
  const setItem = vi.fn();
  const settings = { getItem: () => null, setItem };
  const clock = new AsClock({ wall: () => NOW, ticks: () => 0, settings });
  clock.setAsTime(NOW + DAY);
  clock.setAsTime(NOW + DAY + 500);
  expect(setItem.mock.calls).toEqual([['keyferry.clock', String(DAY)]]);
});
