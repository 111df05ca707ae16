// Runs the vault worker in the thread of the test, with an IndexedDB in memory. Clones every
// message as a browser does.
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import type { PasswordKey } from '#protocol/vault/passphrase.ts';
import { VaultStore } from '#web/vault-store/vault-store.ts';
import type { VaultWorker } from '#web/vault-worker/client.ts';
import type { RequestMessage, ResponseMessage } from '#web/vault-worker/messages.ts';
import { VaultServer } from '#web/vault-worker/server.ts';
import { quickKey } from './vault.ts';

export interface TestVaultWorkerOptions {
  readonly factory?: IDBFactory;
  readonly deriveKey?: PasswordKey;
  readonly now?: () => Date;
}

export class TestVaultWorker implements VaultWorker {
  onmessage: VaultWorker['onmessage'] = null;
  onerror: VaultWorker['onerror'] = null;
  isTerminated = false;
  /** All messages in both directions. */
  readonly messages: (RequestMessage | ResponseMessage)[] = [];
  readonly store: Promise<VaultStore>;
  readonly #server: VaultServer;
  readonly #options: TestVaultWorkerOptions;

  constructor(options: TestVaultWorkerOptions = {}) {
    const { factory = new IDBFactory(), deriveKey = quickKey, now = () => new Date() } = options;
    this.#options = { ...options, factory };
    this.store = VaultStore.open(factory);
    const serverOptions = this.store.then((store) => ({ store, subtle: globalThis.crypto.subtle, deriveKey, now }));
    serverOptions.catch(() => undefined); // unlock() reports the error
    this.#server = new VaultServer({ postMessage: (message) => this.#post(message as ResponseMessage) }, serverOptions);
  }

  postMessage(message: unknown, transfer: Transferable[]): void {
    const request = structuredClone(message, { transfer }) as RequestMessage;
    this.messages.push(structuredClone(request));
    void this.#server.handle(request);
  }

  /** Creates another worker with the same store, as the page does after a lock. */
  next(): TestVaultWorker {
    return new TestVaultWorker(this.#options);
  }

  terminate(): void {
    this.isTerminated = true;
  }

  #post(message: ResponseMessage): void {
    if (this.isTerminated) return;
    const data = structuredClone(message);
    this.messages.push(data);
    queueMicrotask(() => this.onmessage?.({ data } as MessageEvent<ResponseMessage>));
  }
}
