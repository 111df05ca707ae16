// The vault's worker without a worker: the same door, with every message cloned as the browser clones it, over an IndexedDB in RAM.
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import type { PasswordKey } from '#protocol/vault/passphrase.ts';
import { VaultStore } from '#web/vault-store/vault-store.ts';
import type { VaultWorker } from '#web/vault-worker/client.ts';
import type { Answered, Asked } from '#web/vault-worker/messages.ts';
import { VaultServer } from '#web/vault-worker/server.ts';
import { quickKey } from './vault.ts';

export interface WorkerParts {
  readonly factory?: IDBFactory;
  readonly deriveKey?: PasswordKey;
  readonly now?: () => Date;
}

export class TestVaultWorker implements VaultWorker {
  onmessage: VaultWorker['onmessage'] = null;
  onerror: VaultWorker['onerror'] = null;
  isTerminated = false;
  /** Everything that was said, in both directions. */
  readonly messages: (Asked | Answered)[] = [];
  readonly store: Promise<VaultStore>;
  readonly #door: VaultServer;
  readonly #parts: WorkerParts;

  constructor(parts: WorkerParts = {}) {
    const { factory = new IDBFactory(), deriveKey = quickKey, now = () => new Date() } = parts;
    this.#parts = { ...parts, factory };
    this.store = VaultStore.open(factory);
    const around = this.store.then((store) => ({ store, subtle: globalThis.crypto.subtle, deriveKey, now }));
    around.catch(() => undefined); // told to whoever unlocks
    this.#door = new VaultServer({ postMessage: (message) => this.#hear(message as Answered) }, around);
  }

  postMessage(message: unknown, transfer: Transferable[]): void {
    const asked = structuredClone(message, { transfer }) as Asked;
    this.messages.push(structuredClone(asked));
    void this.#door.hear(asked);
  }

  /** Another one over the same store, as after a lock. */
  next(): TestVaultWorker {
    return new TestVaultWorker(this.#parts);
  }

  terminate(): void {
    this.isTerminated = true;
  }

  #hear(answered: Answered): void {
    if (this.isTerminated) return;
    const data = structuredClone(answered);
    this.messages.push(data);
    queueMicrotask(() => this.onmessage?.({ data } as MessageEvent<Answered>));
  }
}
