// The vaults of this browser (docs/protocol.md clause 10): brought in as files, shown by what their signed headers allow, unlocked by a
// passphrase in a worker of their own, locked again, and their journals given back. One is open at a time, and in one tab.
import { type Bytes, wipe } from '#protocol/bytes/bytes.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { Envelope, Verify } from '#protocol/tkl/envelope.ts';
import { decodeVaultFile, verifyVaultFile } from '#protocol/vault/file.ts';
import type { VaultHeaderJson } from '#protocol/vault/header.ts';
import { encodePassphrase } from '#protocol/vault/passphrase.ts';
import { requireValid } from '#protocol/vault/policy.ts';
import type { VaultRecord, VaultStore } from '../store/vault-store.ts';
import { VaultClient, type VaultWorker } from '../worker/client.ts';
import type { LockReason } from '../worker/messages.ts';
import { type Failure, failureOf } from './failure.ts';
import type { LocalAccount, Session } from './session.svelte.ts';

export interface ShelvedVault {
  readonly id: string;
  /** As people say it: four hex digits. */
  readonly number: string;
  readonly header: VaultHeaderJson;
  /** Exports so far. */
  readonly exports: number;
  /** Passphrases that did not fit since it was unlocked last. */
  readonly refused: number;
  readonly hasJournal: boolean;
  /** Why it cannot be unlocked now. */
  readonly bar: Failure | undefined;
}

/** A file to be saved. */
export interface SavedFile {
  readonly name: string;
  readonly text: string;
}

export interface VaultDeskParts {
  readonly session: Session;
  readonly store: () => Promise<VaultStore>;
  /** The public keys that this station has pinned, 32 bytes each. */
  readonly roots: () => Promise<readonly Bytes[]>;
  readonly verify: Verify;
  readonly makeWorker: () => VaultWorker;
  readonly locks: Pick<LockManager, 'request'>;
  readonly now: () => Date;
  /** Begins to watch whether anybody is there, until its undoing is called. */
  readonly watchIdle: (onIdle: (why: 'idle' | 'hidden') => void) => () => void;
}

interface Opened {
  readonly id: string;
  readonly client: VaultClient;
  /** Lets go of the lease, and of the watch. */
  readonly release: () => void;
}

export class VaultDesk {
  vaults = $state.raw<readonly ShelvedVault[]>([]);
  /** The vault that is unlocked in this tab. */
  opened = $state.raw<string | undefined>();
  /** The vault whose passphrase is being tried. */
  unlocking = $state.raw<string | undefined>();
  /** What went wrong last, and with which vault; gone with the next attempt. */
  failure = $state.raw<{ readonly vault: string | undefined; readonly failure: Failure } | undefined>();

  readonly #parts: VaultDeskParts;
  #open: Opened | undefined;

  constructor(parts: VaultDeskParts) {
    this.#parts = parts;
  }

  /** What the store holds now. */
  async read(): Promise<void> {
    await this.#attempt(undefined, () => this.#read());
  }

  /** A file of the custodian: nothing is kept of what does not verify. */
  async import(file: Pick<Blob, 'text'>): Promise<void> {
    const { store, roots, verify, now } = this.#parts;
    await this.#attempt(undefined, async () => {
      const text = await file.text();
      const { header } = await verifyVaultFile(decodeVaultFile(text), await roots(), verify);
      await (await store()).import(header.vaultId, text, now().toISOString());
      await this.#read();
    });
  }

  /** Takes about a second, by design; the file is never harmed. */
  async unlock(id: string, typed: string): Promise<void> {
    if (this.unlocking !== undefined) return;
    this.unlocking = id;
    await this.#attempt(id, () => this.#unlock(id, typed));
    this.unlocking = undefined;
    await this.#attempt(id, () => this.#read(), this.failure);
  }

  /** Its journal is signed, its keys are wiped, its worker is ended. */
  async lock(why: LockReason = 'asked'): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    if (why === 'asked') this.#leave();
    else this.#parts.session.heed({ code: 'vault-locked' });
    await this.#attempt(open.id, async () => {
      await open.client.lock(why);
      await this.#read();
    });
  }

  /** The journal as the vault signed it: now where it is open, else when it was locked last. */
  async journal(id: string): Promise<SavedFile | undefined> {
    const open = this.#open;
    let saved: Envelope | undefined;
    await this.#attempt(id, async () => {
      const record = await (await this.#parts.store()).find(id);
      saved = open?.id === id ? await open.client.journal() : record?.journal;
    });
    const number = this.vaults.find((vault) => vault.id === id)?.number ?? '';
    return saved && { name: `vault-${number}-journal.json`, text: `${JSON.stringify(saved)}\n` };
  }

  async #unlock(id: string, typed: string): Promise<void> {
    const { makeWorker, roots, session, watchIdle } = this.#parts;
    const password = encodePassphrase(typed);
    const giveBack = await this.#lease(id).catch((error: unknown) => {
      wipe(password);
      throw error;
    });
    const client = new VaultClient(makeWorker(), () => this.#end(client, giveBack));
    try {
      await client.unlock(id, password, await roots());
      await this.lock();
      await this.#read();
      const unwatch = watchIdle((why) => void this.lock(why));
      this.#open = { id, client, release: unwatch };
      this.opened = id;
      await session.use(this.#account(id, client));
    } catch (error) {
      client.end();
      throw error;
    }
  }

  /** Whatever ended the worker. */
  #end(client: VaultClient, giveBack: () => void): void {
    giveBack();
    const open = this.#open;
    if (open?.client === client) {
      this.#open = undefined;
      this.#parts.session.heed({ code: 'vault-locked' });
    }
    this.opened = this.#open?.id;
    open?.release();
  }

  #leave(): void {
    if (this.#parts.session.local?.kind === 'vault') this.#parts.session.signOut();
  }

  /** One tab has it. @throws ProtocolError vault-busy */
  #lease(id: string): Promise<() => void> {
    return new Promise((resolve, reject) => {
      this.#parts.locks
        .request(`keyferry-vault-${id}`, { ifAvailable: true }, (lock) => {
          if (lock === null) throw new ProtocolError('vault-busy', 'Another tab has this vault open.');
          return new Promise<void>((release) => resolve(release));
        })
        .catch(reject);
    });
  }

  async #read(): Promise<void> {
    const store = await this.#parts.store();
    const roots = await this.#parts.roots();
    const shelved: ShelvedVault[] = [];
    for (const record of await store.vaults()) {
      try {
        shelved.push(await this.#shelved(store, record, roots));
      } catch (error) {
        // One that nobody vouches for any more does not hide the others.
        this.failure ??= { vault: undefined, failure: failureOf(error) };
      }
    }
    this.vaults = shelved;
  }

  async #shelved(store: VaultStore, record: VaultRecord, roots: readonly Bytes[]): Promise<ShelvedVault> {
    const { id, text, refused, journal } = record;
    const { header } = await verifyVaultFile(decodeVaultFile(text), roots, this.#parts.verify);
    const number = header.asNumber.toString(16).toUpperCase().padStart(4, '0');
    const exports = await store.countExports(id);
    return { id, number, header, exports, refused, hasJournal: journal !== undefined, bar: this.#barOf(header) };
  }

  #barOf(header: VaultHeaderJson): Failure | undefined {
    try {
      requireValid(header, this.#parts.now().getTime());
      return undefined;
    } catch (error) {
      return failureOf(error);
    }
  }

  #account(id: string, client: VaultClient): LocalAccount {
    const vault = this.vaults.find((each) => each.id === id);
    if (vault === undefined) throw new TypeError('the vault was read before');
    const { header, number } = vault;
    return {
      kind: 'vault',
      origin: `vault ${id}`,
      name: `Vault ${number}`,
      asNumber: header.asNumber,
      auditHead: undefined,
      signOut: () => void this.lock(),
      keys: async () => [header.set],
      exportKey: async (request) => {
        const exported = await client.exportKey(request);
        await this.#count(id, client);
        return exported;
      },
      verifyReceipt: (...receipt) => client.verifyReceipt(...receipt),
    };
  }

  async #count(id: string, client: VaultClient): Promise<void> {
    const { exports } = await client.status();
    this.vaults = this.vaults.map((vault) => (vault.id === id ? { ...vault, exports } : vault));
  }

  /** What failed before is still what the operator has to know. */
  async #attempt(vault: string | undefined, action: () => Promise<void>, before?: VaultDesk['failure']): Promise<void> {
    this.failure = before;
    try {
      await action();
    } catch (error) {
      this.failure = before ?? { vault, failure: failureOf(error) };
    }
  }
}
