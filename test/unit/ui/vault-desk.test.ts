// The vaults of a station as the page holds them: what a file must be to be kept, one tab and one vault at a time, and what locks it.
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { attach } from '#protocol/provisioning/device.ts';
import { createUnit, TEST_SET, TEST_SN, TEST_TKV, TEST_TRANSPORT_KEY } from '#test/support/units.ts';
import {
  createTestVault,
  quickKey,
  type TestVault,
  type TestVaultOptions,
  verifyEd25519,
} from '#test/support/vault.ts';
import { TestVaultWorker } from '#test/support/vault-worker.ts';
import { load } from '#web/state/run.ts';
import { Session } from '#web/state/session.svelte.ts';
import { VaultDesk } from '#web/state/vault-desk.svelte.ts';
import { VaultStore } from '#web/store/vault-store.ts';
import { createBench } from './bench.ts';

const NOON = new Date('2026-11-23T12:00:00.000Z');
const TA = fromHex('11'.repeat(32));

/** Web Locks of one browser, as far as a vault uses them. */
class TestLocks {
  readonly #held = new Set<string>();

  async request(name: string, _options: object, hold: (lock: object | null) => unknown): Promise<unknown> {
    if (this.#held.has(name)) return await hold(null);
    this.#held.add(name);
    try {
      return await hold({ name });
    } finally {
      this.#held.delete(name);
    }
  }
}

class Browser {
  readonly factory = new IDBFactory();
  readonly locks = new TestLocks();
  readonly workers: TestVaultWorker[] = [];

  /** A tab of it, whose station has pinned these roots. */
  tab(roots: readonly TestVault[], now = NOON) {
    const session = new Session(
      () => Promise.reject(new TypeError('nobody signs in here')),
      'https://as.example',
      () => now,
    );
    const idle: ((why: 'idle' | 'hidden') => void)[] = [];
    const store = VaultStore.open(this.factory);
    const desk = new VaultDesk({
      session,
      store: () => store,
      roots: async () => roots.map(({ root }) => root),
      verify: verifyEd25519,
      makeWorker: () => {
        const worker = new TestVaultWorker({ factory: this.factory, deriveKey: quickKey, now: () => now });
        this.workers.push(worker);
        return worker;
      },
      locks: this.locks as unknown as LockManager,
      now: () => now,
      watchIdle: (onIdle) => {
        idle.push(onIdle);
        return () => undefined;
      },
    });
    return { desk, session, idle };
  }
}

function vaultOf(more: Partial<TestVaultOptions> = {}): Promise<TestVault> {
  return createTestVault({
    set: TEST_SET,
    transportKeys: [{ tkv: TEST_TKV, key: TEST_TRANSPORT_KEY }],
    keys: [{ ref1: 0x0103, label: 'Terminal key', akv: 1, slot: 2, key: TA }],
    units: [toHex(TEST_SN)],
    quota: { exports: 3, perUnit: null },
    derive: quickKey,
    ...more,
  });
}

const file = (text: string): Pick<Blob, 'text'> => ({ text: async () => text });

describe('a vault file', () => {
  it('is shown by what it allows, once it was verified', async () => {
    const vault = await vaultOf();
    const { desk } = new Browser().tab([vault]);
    await desk.import(file(vault.text));
    expect(desk.vaults).toMatchObject([{ number: '0007', exports: 0, refused: 0, hasJournal: false, bar: undefined }]);
    expect(desk.vaults[0]?.header.quota.exports).toBe(3);
  });

  const REFUSED: readonly (readonly [string, () => Promise<string>, string])[] = [
    ['is no vault', async () => '{}', 'vault-malformed'],
    ['is of an AS that the station never met', async () => (await vaultOf()).text, 'vault-untrusted'],
  ];

  it.each(REFUSED)('is not kept when it %s', async (_what, text, expected) => {
    const { desk } = new Browser().tab([await vaultOf()]);
    await desk.import(file(await text()));
    expect(desk.failure).toMatchObject({ vault: undefined, failure: { code: expected } });
    expect(desk.vaults).toEqual([]);
  });

  it('that comes a second time starts nothing anew', async () => {
    const vault = await vaultOf();
    const { desk } = new Browser().tab([vault]);
    await desk.import(file(vault.text));
    await desk.unlock(vault.header.vaultId, 'not the passphrase');
    await desk.import(file(vault.text));
    expect(desk.vaults).toMatchObject([{ refused: 1 }]);
  });

  it('that no pinned root vouches for any more does not hide the others', async () => {
    const browser = new Browser();
    const [old, present] = [await vaultOf(), await vaultOf()];
    const before = browser.tab([old, present]);
    await before.desk.import(file(old.text));
    await before.desk.import(file(present.text));
    const { desk } = browser.tab([present]);
    await desk.read();
    expect(desk.vaults.map(({ id }) => id)).toEqual([present.header.vaultId]);
    expect(desk.failure).toEqual({ vault: undefined, failure: { code: 'vault-untrusted' } });
    await desk.unlock(present.header.vaultId, present.passphrase);
    expect(desk.opened).toBe(present.header.vaultId);
  });

  it('whose time is over says so before anyone types a passphrase', async () => {
    const vault = await vaultOf({ expires: '2026-11-23T11:00:00.000Z' });
    const { desk } = new Browser().tab([vault]);
    await desk.import(file(vault.text));
    expect(desk.vaults).toMatchObject([{ bar: { code: 'vault-expired' } }]);
  });
});

describe('an unlocked vault', () => {
  interface Unlocked extends ReturnType<Browser['tab']> {
    readonly vault: TestVault;
    readonly browser: Browser;
  }

  async function unlocked(browser = new Browser(), more: Partial<TestVaultOptions> = {}): Promise<Unlocked> {
    const vault = await vaultOf(more);
    const tab = browser.tab([vault]);
    await tab.desk.import(file(vault.text));
    await tab.desk.unlock(vault.header.vaultId, vault.passphrase);
    return { vault, browser, ...tab };
  }

  it('gives the session its keys, and loads one into a unit', async () => {
    const { desk, session, vault } = await unlocked();
    expect(desk.opened).toBe(vault.header.vaultId);
    expect(session.in).toMatchObject({ kind: 'vault', service: { name: 'Vault 0007', asNumber: 7 } });
    expect(session.in?.sets).toEqual([vault.header.set]);
    const { journal } = await createBench();
    const device = await attach(createUnit().transmit);
    if (session.local === undefined) throw new Error('no vault is in use');
    const attempt = {
      link: 'usb',
      sn: toHex(TEST_SN),
      set: TEST_SET,
      tkv: TEST_TKV,
      profile: 'diversified',
      ref1: 0x0103,
      ref2: 2,
      keyLabel: 'Terminal key',
      akv: 1,
      kcv: vault.header.set.keys[0]?.kcv ?? '',
      operator: 'Vault 0007',
      service: session.origin,
      demo: false,
      idempotencyKey: 'AAAAAAAAAAAAAAAAAAAAAA',
    } as const;
    const order = {
      ref1: 0x0103,
      ref2: 2,
      suites: [0x01],
      sign: false,
      idempotencyKey: attempt.idempotencyKey,
    } as const;
    expect(await load({ source: session.local, journal }, device, attempt, order)).toMatchObject({ is: 'done' });
    expect(desk.vaults).toMatchObject([{ exports: 1 }]);
  });

  it.each([
    ['on demand', async ({ desk }: Unlocked) => desk.lock()],
    ['when the session is ended', async ({ session }: Unlocked) => session.signOut()],
  ])('locks %s: its worker is ended, and its journal is there to be returned', async (_when, lock) => {
    const made = await unlocked();
    await lock(made);
    await expect.poll(() => made.desk.opened).toBeUndefined();
    await expect.poll(() => made.desk.vaults[0]?.hasJournal).toBe(true);
    expect(made.browser.workers.at(-1)?.isTerminated).toBe(true);
    expect(made.session.in).toBeUndefined();
    const saved = await made.desk.journal(made.vault.header.vaultId);
    expect(saved?.name).toBe('vault-0007-journal.json');
    expect(JSON.parse(saved?.text ?? '')).toMatchObject({ payloadType: 'application/vnd.keyferry.vault-journal+json' });
  });

  it('locks itself when nobody is there, and the operator reads why', async () => {
    const { desk, session, idle } = await unlocked();
    idle[0]?.('idle');
    await expect.poll(() => desk.opened).toBeUndefined();
    expect(session.state).toEqual({ is: 'out', failure: { code: 'vault-locked' } });
  });

  it('is gone with its worker, whatever ended that', async () => {
    const { desk, session, browser } = await unlocked();
    browser.workers.at(-1)?.onerror?.(new Event('error') as ErrorEvent);
    expect(desk.opened).toBeUndefined();
    expect(session.state).toEqual({ is: 'out', failure: { code: 'vault-locked' } });
  });

  it('is refused to a second tab until the first has locked it', async () => {
    const { desk, vault, browser } = await unlocked();
    const second = browser.tab([vault]);
    await second.desk.read();
    await second.desk.unlock(vault.header.vaultId, vault.passphrase);
    expect(second.desk.failure).toMatchObject({ failure: { code: 'vault-busy' } });
    await desk.lock();
    await second.desk.unlock(vault.header.vaultId, vault.passphrase);
    expect(second.desk.opened).toBe(vault.header.vaultId);
  });

  it('gives way to another one', async () => {
    const browser = new Browser();
    const root = fromHex('22'.repeat(32));
    const first = await unlocked(browser, { root });
    const other = await vaultOf({ root, asNumber: 8 });
    await first.desk.import(file(other.text));
    await first.desk.unlock(other.header.vaultId, other.passphrase);
    expect(first.desk.opened).toBe(other.header.vaultId);
    expect(first.session.in?.service.asNumber).toBe(8);
    expect(browser.workers.map(({ isTerminated }) => isTerminated)).toEqual([true, false]);
  });

  it('does not open with a wrong passphrase, and ends that worker', async () => {
    const vault = await vaultOf();
    const browser = new Browser();
    const { desk, session } = browser.tab([vault]);
    await desk.import(file(vault.text));
    await desk.unlock(vault.header.vaultId, 'not the passphrase');
    expect(desk.failure).toEqual({ vault: vault.header.vaultId, failure: { code: 'passphrase-wrong' } });
    expect(desk.vaults).toMatchObject([{ refused: 1 }]);
    expect([desk.opened, session.in, browser.workers[0]?.isTerminated]).toEqual([undefined, undefined, true]);
  });
});
