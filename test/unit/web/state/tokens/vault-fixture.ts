// A browser with vaults, for tests. Its tabs share a vault store, Web Locks and passkeys. Workers
// run in the same process.
import { IDBFactory } from 'fake-indexeddb';
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import type { ProtocolError } from '#protocol/errors.ts';
import { TEST_SET, TEST_SN, TEST_TKV, TEST_TRANSPORT_KEY } from '#test/support/units.ts';
import {
  createTestVault,
  quickKey,
  type TestVault,
  type TestVaultOptions,
  verifyEd25519,
} from '#test/support/vault.ts';
import { TestVaultWorker } from '#test/support/vault-worker.ts';
import type { NewPasskey, Passkey, PasskeyBar } from '#web/as-client/passkeys.ts';
import { JournalsToReturn } from '#web/state/session/journals-to-return.svelte.ts';
import { Session } from '#web/state/session/session.svelte.ts';
import { ImportedVaults } from '#web/state/tokens/imported-vaults.ts';
import { Vaults } from '#web/state/tokens/vaults.svelte.ts';
import { VAULTS_NAME, VaultStore } from '#web/vault-store/vault-store.ts';

const NOON = new Date('2026-11-23T12:00:00.000Z');
const TA = fromHex('11'.repeat(32));

/** Fakes the part of Web Locks that a vault uses. */
class TestLocks {
  readonly #names = new Set<string>();

  async request(
    name: string,
    { ifAvailable }: { readonly ifAvailable: boolean },
    callback: (lock: object | null) => unknown,
  ): Promise<unknown> {
    if (this.#names.has(name)) {
      if (!ifAvailable) throw new TypeError('the tab would wait until another tab releases the lock');
      return await callback(null);
    }
    this.#names.add(name);
    try {
      return await callback({ name });
    } finally {
      this.#names.delete(name);
    }
  }
}

/** The passkeys of the browser. Each passkey has a different PRF output. */
class TestPasskeys {
  unavailable: PasskeyBar | undefined;
  refusal: ProtocolError | undefined;
  /** The user of each passkey that was created. */
  readonly users: { readonly id: Uint8Array; readonly name: string }[] = [];
  /** The dialog of the browser is open until this promise resolves. */
  dialog: Promise<void> | undefined;
  /** The last PRF output that a caller received. */
  output: Bytes | undefined;
  #count = 0;

  async bar(): Promise<PasskeyBar | undefined> {
    return this.unavailable;
  }

  async create(user: { readonly id: Uint8Array; readonly name: string }): Promise<NewPasskey> {
    if (this.refusal) throw this.refusal;
    this.users.push(user);
    const credential = Uint8Array.of(++this.#count);
    return { credential, salt: new Uint8Array(32), output: new Uint8Array(32).fill(this.#count) };
  }

  async ask({ credential }: Passkey): Promise<Bytes> {
    if (this.refusal) throw this.refusal;
    await this.dialog;
    this.output = new Uint8Array(32).fill(credential[0] ?? 0);
    return this.output;
  }
}

export class Browser {
  readonly factory = new IDBFactory();
  readonly locks = new TestLocks();
  readonly workers: TestVaultWorker[] = [];
  readonly passkeys = new TestPasskeys();
  /**
   * The vaults whose journals were returned. Each element is the vault's name in the journal of the
   * station.
   */
  readonly returned: string[] = [];
  /** Called while a tab reads the vaults, before it verifies a signature. */
  beforeVerify: (() => void) | undefined;
  /** Refuses to return a journal. */
  returnRefusal: ProtocolError | undefined;
  /** Numbers of the vaults whose journals the AS lacks. */
  get toReturn(): readonly string[] {
    return new JournalsToReturn(this.settings).list.map(({ number }) => number);
  }

  readonly #settings = new Map<string, string>();
  /** The settings that all tabs share and that remain after a page is closed. */
  readonly settings = {
    getItem: (name: string): string | null => this.#settings.get(name) ?? null,
    setItem: (name: string, value: string): void => void this.#settings.set(name, value),
  };

  /** Opens a tab. The station has pinned the root keys of the vaults `roots`. */
  tab(roots: readonly TestVault[], now = NOON) {
    const session = new Session(
      () => Promise.reject(new TypeError('this test uses no service')),
      () => ['https://as.example'],
      () => now,
    );
    const idle: ((why: 'idle' | 'hidden') => void)[] = [];
    const watching = new Set<(why: 'idle' | 'hidden') => void>();
    const store = VaultStore.open(this.factory).then((opened) => {
      opened.onClosed(() => void vaults.read());
      return opened;
    });
    const vaults: Vaults = new Vaults({
      session,
      store: () => store,
      roots: async () => roots.map(({ root }) => root),
      verify: (...signed) => {
        this.beforeVerify?.();
        return verifyEd25519(...signed);
      },
      passkeys: this.passkeys,
      returnJournal: async (vault) => {
        if (this.returnRefusal) throw this.returnRefusal;
        this.returned.push(vault.origin);
        return { exports: 1, receipts: 1, problems: [], notes: [], verdicts: 1, recorded: 1 };
      },
      makeWorker: () => {
        const worker = new TestVaultWorker({ factory: this.factory, deriveKey: quickKey, now: () => now });
        this.workers.push(worker);
        return worker;
      },
      locks: this.locks as unknown as LockManager,
      now: () => now,
      toReturn: new JournalsToReturn(this.settings),
      imported: new ImportedVaults(this.settings),
      watchInactivity: (onIdle) => {
        idle.push(onIdle);
        watching.add(onIdle);
        return () => void watching.delete(onIdle);
      },
    });
    return { vaults, session, idle, watching };
  }
}

/** A browser whose connections to the vault store the test can close. */
export class Disk extends Browser {
  readonly name = VAULTS_NAME;
  readonly connections: IDBDatabase[] = [];

  constructor() {
    super();
    const open = this.factory.open.bind(this.factory);
    this.factory.open = (name, version) => {
      const request = open(name, version);
      request.addEventListener('success', () => this.connections.push(request.result));
      return request;
    };
  }
}

export function vaultOf(more: Partial<TestVaultOptions> = {}): Promise<TestVault> {
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

export const file = (text: string): File => new File([text], 'job.vault');

export interface Unlocked extends ReturnType<Browser['tab']> {
  readonly vault: TestVault;
  readonly browser: Browser;
}

export async function unlocked(browser = new Browser(), more: Partial<TestVaultOptions> = {}): Promise<Unlocked> {
  const vault = await vaultOf(more);
  const tab = browser.tab([vault]);
  await tab.vaults.import(file(vault.text));
  await tab.vaults.unlock(vault.header.vaultId, vault.passphrase);
  return { vault, browser, ...tab };
}
