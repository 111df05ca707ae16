// The vaults of this browser (docs/protocol.md clause 10): brought in as files, shown by what their signed headers allow, unlocked by a
// passphrase or a passkey in a worker of their own, locked again, and their journals given back. One is open at a time, and in one tab.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { Envelope, Verify } from '#protocol/signing/envelope.ts';
import { decodeVaultFile, verifyVaultFile } from '#protocol/vault/file.ts';
import { encodePassphrase } from '#protocol/vault/passphrase.ts';
import type { PasskeyBar, Passkeys } from '../../as-client/passkeys.ts';
import type { VaultStore } from '../../vault-store/vault-store.ts';
import { VaultClient, type VaultWorker } from '../../vault-worker/client.ts';
import type { LockReason, Opener } from '../../vault-worker/messages.ts';
import { type Failure, failureOf } from '../common/failure.ts';
import type { LocalAccount, Session } from '../session/session.svelte.ts';
import { readShelf, type ShelvedVault } from './vault-list.ts';
import type { VaultReport } from './vault-return.ts';

export type { ShelvedVault } from './vault-list.ts';

/** A file to be saved. */
export interface SavedFile {
  readonly name: string;
  readonly text: string;
}

export interface VaultsOptions {
  readonly session: Session;
  readonly store: () => Promise<VaultStore>;
  /** The public keys that this station has pinned, 32 bytes each. */
  readonly roots: () => Promise<readonly Bytes[]>;
  readonly verify: Verify;
  readonly makeWorker: () => VaultWorker;
  readonly passkeys: Pick<Passkeys, 'bar' | 'create' | 'ask'>;
  readonly locks: Pick<LockManager, 'request'>;
  readonly now: () => Date;
  /** Takes a journal to the AS that somebody is signed in to. `origin` is how this station's journal names the vault. */
  readonly giveBack: (
    vault: { readonly id: string; readonly origin: string },
    signed: Envelope,
  ) => Promise<VaultReport>;
  /** Begins to watch whether anybody is there, until its undoing is called. */
  readonly watchInactivity: (onIdle: (why: 'idle' | 'hidden') => void) => () => void;
}

interface Opened {
  readonly id: string;
  readonly client: VaultClient;
  /** Ends the watch. The lease goes back when the worker ends. */
  readonly unwatch: () => void;
}

export class Vaults {
  vaults = $state.raw<readonly ShelvedVault[]>([]);
  /** The vault that is unlocked in this tab. */
  opened = $state.raw<string | undefined>();
  /** The vault whose passphrase or passkey is being tried. */
  unlocking = $state.raw<string | undefined>();
  /** The browser's dialog for a passkey is open. */
  confirming = $state.raw(false);
  /** Why no passkey can be made here; undefined where one can, as far as is known. */
  passkeyBar = $state.raw<PasskeyBar | undefined>();
  /** The vault whose journal is on its way to the AS. */
  returning = $state.raw<string | undefined>();
  /** What the AS found in the journal that was returned last. */
  report = $state.raw<{ readonly vault: string; readonly report: VaultReport } | undefined>();
  /** What went wrong last, and with which vault; gone with the next attempt. */
  failure = $state.raw<{ readonly vault: string | undefined; readonly failure: Failure } | undefined>();

  readonly #parts: VaultsOptions;
  #opened: Opened | undefined;

  constructor(parts: VaultsOptions) {
    this.#parts = parts;
  }

  /** What the store holds now. */
  async read(): Promise<void> {
    this.passkeyBar = await this.#parts.passkeys.bar();
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
    await this.#open(id, 'passphrase', async () => encodePassphrase(typed));
  }

  /** Opens the browser's dialog; needs a click or a key. The passphrase opens it all the same. */
  async unlockByPasskey(id: string): Promise<void> {
    await this.#open(id, 'passkey', async () => {
      const passkey = (await (await this.#parts.store()).find(id))?.passkey;
      // Another tab may have forgotten it.
      if (passkey === undefined) throw new ProtocolError('passkey-refused', 'No passkey opens this vault.');
      return await this.#confirmed(() => this.#parts.passkeys.ask(passkey));
    });
  }

  /** From now on a passkey opens the vault that is open, besides its passphrase. Opens the browser's dialog; needs a click or a key. */
  async enrolPasskey(): Promise<void> {
    const open = this.#opened;
    if (open === undefined || this.confirming) return;
    await this.#attempt(open.id, async () => {
      const number = this.vaults.find(({ id }) => id === open.id)?.number;
      await open.client.enrol(
        await this.#confirmed(() =>
          this.#parts.passkeys.create({ id: fromBase64url(open.id), name: `Vault ${number}` }),
        ),
      );
      await this.#read();
    });
  }

  /** The passphrase alone opens it from now on. */
  async forgetPasskey(id: string): Promise<void> {
    await this.#attempt(id, async () => {
      await (await this.#parts.store()).forgetPasskey(id);
      await this.#read();
    });
  }

  /** Its journal is signed, its keys are wiped, its worker is ended. */
  async lock(why: LockReason = 'asked'): Promise<void> {
    const open = this.#opened;
    if (open === undefined) return;
    this.#opened = undefined;
    open.unwatch();
    if (why === 'asked') this.#leave();
    else this.#parts.session.heed({ code: 'vault-locked' });
    await this.#attempt(open.id, async () => {
      await open.client.lock(why);
      await this.#read();
    });
  }

  /** The journal as the vault signed it: now where it is open, else when it was locked last. */
  async journal(id: string): Promise<SavedFile | undefined> {
    const open = this.#opened;
    let saved: Envelope | undefined;
    await this.#attempt(id, async () => {
      const record = await (await this.#parts.store()).find(id);
      saved = open?.id === id ? await open.client.journal() : record?.journal;
    });
    const number = this.vaults.find((vault) => vault.id === id)?.number ?? '';
    return saved && { name: `vault-${number}-journal.json`, text: `${JSON.stringify(saved)}\n` };
  }

  /** To the AS that somebody is signed in to. Any number of times: it takes each entry and each receipt once. */
  async returnJournal(id: string): Promise<void> {
    if (this.returning !== undefined) return;
    this.returning = id;
    this.report = undefined;
    await this.#attempt(id, async () => {
      const signed = (await (await this.#parts.store()).find(id))?.journal;
      if (signed === undefined) throw new TypeError('the vault was never locked, so it has no signed journal');
      this.report = { vault: id, report: await this.#parts.giveBack({ id, origin: originOf(id) }, signed) };
    });
    this.returning = undefined;
    if (this.failure) this.#parts.session.heed(this.failure.failure);
  }

  async #open(id: string, by: Opener['by'], read: () => Promise<Bytes>): Promise<void> {
    if (this.unlocking !== undefined) return;
    this.unlocking = id;
    await this.#attempt(id, () => this.#unlock(id, by, read));
    this.unlocking = undefined;
    await this.#attempt(id, () => this.#read(), this.failure);
  }

  async #confirmed<Result>(ask: () => Promise<Result>): Promise<Result> {
    this.confirming = true;
    try {
      return await ask();
    } finally {
      this.confirming = false;
    }
  }

  async #unlock(id: string, by: Opener['by'], read: () => Promise<Bytes>): Promise<void> {
    const { makeWorker, session, watchInactivity } = this.#parts;
    const roots = await this.#parts.roots();
    const giveBack = await this.#lease(id);
    const client = new VaultClient(makeWorker(), () => this.#end(client, giveBack));
    try {
      await client.unlock(id, { by, secret: await read() }, roots);
      await this.lock();
      await this.#read();
      const unwatch = watchInactivity((why) => void this.lock(why));
      this.#opened = { id, client, unwatch };
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
    const open = this.#opened;
    if (open?.client === client) {
      this.#opened = undefined;
      open.unwatch();
      this.#parts.session.heed({ code: 'vault-locked' });
    }
    this.opened = this.#opened?.id;
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
    const [store, roots] = [await this.#parts.store(), await this.#parts.roots()];
    const { verify, now } = this.#parts;
    const { vaults, failure } = await readShelf({ store, roots, verify, now: now() });
    this.vaults = vaults;
    if (failure) this.failure ??= { vault: undefined, failure };
  }

  #account(id: string, client: VaultClient): LocalAccount {
    const vault = this.vaults.find((each) => each.id === id);
    if (vault === undefined) throw new TypeError('the vault was read before');
    const { header, number } = vault;
    return {
      kind: 'vault',
      origin: originOf(id),
      name: `Vault ${number}`,
      asNumber: header.asNumber,
      auditHead: undefined,
      signOut: () => void this.lock(),
      keys: async () => [header.set],
      exportsLeft: async () => Math.max(0, header.quota.exports - (await client.status()).exports),
      exportKey: async (request) => {
        const exported = await client.exportKey(request);
        await this.#count(id, client);
        return exported;
      },
      verifyReceipt: (...receipt) => client.verifyReceipt(...receipt),
      recallExport: (key) => client.recallExport(key),
    };
  }

  async #count(id: string, client: VaultClient): Promise<void> {
    const { exports } = await client.status();
    this.vaults = this.vaults.map((vault) => (vault.id === id ? { ...vault, exports } : vault));
  }

  /** What failed before is still what the operator has to know. */
  async #attempt(vault: string | undefined, action: () => Promise<void>, before?: Vaults['failure']): Promise<void> {
    this.failure = before;
    try {
      await action();
    } catch (error) {
      this.failure = before ?? { vault, failure: failureOf(error) };
    }
  }
}

/** The same vault has the same name on every day. */
function originOf(id: string): string {
  return `vault ${id}`;
}
