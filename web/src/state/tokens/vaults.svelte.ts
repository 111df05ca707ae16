// Imports, unlocks and locks the vaults of this browser, and returns their journals to the AS
// (docs/protocol.md clause 10). A worker unlocks a vault with its passphrase or passkey. A tab has
// at most one unlocked vault, which no other tab can unlock.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { fromBase64url } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { Envelope, Verify } from '#protocol/signing/envelope.ts';
import { decodeVaultFile, encodeVaultFile, verifyVaultFile } from '#protocol/vault/file.ts';
import { encodePassphrases } from '#protocol/vault/passphrase.ts';
import type { PasskeyBar, Passkeys } from '../../as-client/passkeys.ts';
import type { VaultStore } from '../../vault-store/vault-store.ts';
import { VaultClient, type VaultWorker } from '../../vault-worker/client.ts';
import type { LockReason, Opener } from '../../vault-worker/messages.ts';
import { type Failure, failureOf } from '../common/failure.ts';
import { type OpenedFile, readFile } from '../common/read-file.ts';
import type { JournalsToReturn } from '../session/journals-to-return.svelte.ts';
import type { LocalAccount, Session } from '../session/session.svelte.ts';
import type { ImportedVaults } from './imported-vaults.ts';
import { unlockWithOne } from './unlock-with-one.ts';
import { isUnsaved, type LostVault, readVaults, type StoredVault, vaultName } from './vault-list.ts';
import type { VaultReport } from './vault-return.ts';

export type { LostVault, StoredVault } from './vault-list.ts';

/** A file that the operator saves. */
export interface SavedFile {
  readonly name: string;
  readonly text: string;
}

/**
 * A failure, and the id of its vault. The id is undefined if the failure concerns no single vault.
 */
export interface VaultFailure {
  readonly vault: string | undefined;
  readonly failure: Failure;
}

export interface VaultsOptions {
  readonly session: Session;
  readonly store: () => Promise<VaultStore>;
  /** The root keys that this station has pinned, 32 bytes each. */
  readonly roots: () => Promise<readonly Bytes[]>;
  readonly verify: Verify;
  readonly makeWorker: () => VaultWorker;
  readonly passkeys: Pick<Passkeys, 'bar' | 'create' | 'ask'>;
  readonly locks: Pick<LockManager, 'request'>;
  readonly now: () => Date;
  /** Holds the vaults whose journals must be returned to the AS. */
  readonly toReturn: Pick<JournalsToReturn, 'read' | 'update'>;
  readonly imported: Pick<ImportedVaults, 'has' | 'add'>;
  /** Returns a vault journal to the AS. `origin` names the vault in the journal of this station. */
  readonly returnJournal: (
    vault: { readonly id: string; readonly origin: string },
    signed: Envelope,
  ) => Promise<VaultReport>;
  /** Calls `onIdle` when the operator has left. Returns a function that stops the detection. */
  readonly watchInactivity: (onIdle: (why: 'idle' | 'hidden') => void) => () => void;
}

interface UnlockedVault {
  readonly id: string;
  readonly client: VaultClient;
  /** Stops the inactivity detection. */
  readonly unwatch: () => void;
}

export class Vaults {
  #vaults = $state.raw<readonly StoredVault[]>([]);
  #lost = $state.raw<readonly LostVault[]>([]);
  #unlockedId = $state.raw<string | undefined>();
  #unlockingId = $state.raw<string | undefined>();
  #returningId = $state.raw<string | undefined>();
  #isConfirming = $state.raw(false);
  #passkeyBar = $state.raw<PasskeyBar | undefined>();
  #report = $state.raw<{ readonly vault: string; readonly report: VaultReport } | undefined>();
  #failure = $state.raw<VaultFailure | undefined>();

  readonly #options: VaultsOptions;
  #unlocked: UnlockedVault | undefined;

  constructor(options: VaultsOptions) {
    this.#options = options;
  }

  get vaults(): readonly StoredVault[] {
    return this.#vaults;
  }

  /** Vaults that are gone from the browser and that the operator has not dismissed. */
  get lost(): readonly LostVault[] {
    return this.#lost;
  }

  /** Whether a lost vault has a journal that exists only in the memory of this page. */
  get hasUnsavedJournal(): boolean {
    return this.#lost.some(isUnsaved);
  }

  /** Id of the vault that is unlocked in this tab. */
  get unlockedId(): string | undefined {
    return this.#unlockedId;
  }

  /** Id of the vault whose passphrase or passkey is being tried. */
  get unlockingId(): string | undefined {
    return this.#unlockingId;
  }

  /** Id of the vault whose journal is being returned. */
  get returningId(): string | undefined {
    return this.#returningId;
  }

  /** Whether the browser's passkey dialog is open. */
  get isConfirming(): boolean {
    return this.#isConfirming;
  }

  /** Why this browser cannot create a passkey; undefined if no reason is known. */
  get passkeyBar(): PasskeyBar | undefined {
    return this.#passkeyBar;
  }

  /** Result of the last returned journal, with the id of its vault. */
  get report(): { readonly vault: string; readonly report: VaultReport } | undefined {
    return this.#report;
  }

  /** Failure of the last operation. */
  get failure(): VaultFailure | undefined {
    return this.#failure;
  }

  /** Reads the vaults of this browser. */
  async read(): Promise<void> {
    this.#passkeyBar = await this.#options.passkeys.bar();
    await this.#attempt(undefined, () => this.#read());
  }

  /** Verifies the signatures of a vault file, then stores the file. */
  async import(file: OpenedFile): Promise<void> {
    const { store, roots, verify, now, imported } = this.#options;
    await this.#attempt(undefined, async () => {
      const vault = decodeVaultFile(await readFile(file));
      const { header } = await verifyVaultFile(vault, await roots(), verify);
      const opened = await store();
      // If a lost vault were imported again, it would repeat its export numbers.
      if (imported.has(header.vaultId) && (await opened.find(header.vaultId)) === undefined)
        throw new ProtocolError('vault-lost', 'the journal of this vault was deleted');
      await opened.import(header.vaultId, encodeVaultFile(vault), now().toISOString());
      await this.#read();
    });
  }

  /** Unlocks a vault with its passphrase, which takes about one second (docs/adr/0026). */
  async unlock(id: string, passphrase: string): Promise<void> {
    await this.#unlock(id, 'passphrase', async () => encodePassphrases(passphrase));
  }

  /** Unlocks a vault with its passkey. Opens the browser's dialog, which needs a user gesture. */
  async unlockByPasskey(id: string): Promise<void> {
    await this.#unlock(id, 'passkey', async () => {
      const passkey = (await (await this.#options.store()).find(id))?.passkey;
      // Another tab may have removed the passkey.
      if (passkey === undefined) throw new ProtocolError('passkey-refused', 'the vault has no passkey');
      return [await this.#confirm(() => this.#options.passkeys.ask(passkey))];
    });
  }

  /** Adds a passkey to the unlocked vault. The browser's dialog needs a user gesture. */
  async addPasskey(): Promise<void> {
    const unlocked = this.#unlocked;
    if (unlocked === undefined || this.#isConfirming) return;
    const { id, client } = unlocked;
    await this.#attempt(id, async () => {
      const user = { id: fromBase64url(id), name: vaultName(this.#find(id)?.number) };
      await client.enrol(await this.#confirm(() => this.#options.passkeys.create(user)));
      await this.#read();
    });
  }

  /** Removes the passkey of a vault. The passphrase still unlocks the vault. */
  async removePasskey(id: string): Promise<void> {
    await this.#attempt(id, async () => {
      await (await this.#options.store()).deletePasskey(id);
      await this.#read();
    });
  }

  /** Signs the journal of the unlocked vault and terminates its worker, which frees the keys. */
  async lock(why: LockReason = 'asked'): Promise<void> {
    const unlocked = this.#unlocked;
    if (unlocked === undefined) return;
    this.#unlocked = undefined;
    unlocked.unwatch();
    const { session } = this.#options;
    if (why !== 'asked') session.endOn({ code: 'vault-locked' });
    else if (session.local?.kind === 'vault') session.signOut();
    await this.#attempt(unlocked.id, async () => {
      const journal = await unlocked.client.lock(why);
      await this.#read();
      this.#lost = this.#lost.map((each) => (each.id === unlocked.id ? { ...each, journal } : each));
    });
  }

  /** Returns the journal of a lost vault as a file, which the caller must save. */
  takeLostJournal({ id }: LostVault): SavedFile | undefined {
    const lost = this.#lost.find((each) => each.id === id);
    this.#lost = this.#lost.map((each) => (each === lost ? { ...each, isJournalSaved: true } : each));
    return lost?.journal && journalFile(lost.number, lost.journal);
  }

  /**
   * Removes a vault from `lost`, because the operator has dismissed the message about its loss.
   * Keeps a vault whose journal is not saved, because no other copy of that journal exists.
   */
  dismissLoss({ id }: LostVault): void {
    if (this.#lost.some((each) => each.id === id && isUnsaved(each))) return;
    this.#lost = this.#lost.filter((each) => each.id !== id);
    this.#options.toReturn.update([], new Set([id]));
  }

  /** Returns the signed journal of a vault as a file. An unlocked vault signs its journal first. */
  async journal(id: string): Promise<SavedFile | undefined> {
    const unlocked = this.#unlocked;
    let signed: Envelope | undefined;
    await this.#attempt(id, async () => {
      const record = await (await this.#options.store()).find(id);
      signed = unlocked?.id === id ? await unlocked.client.journal() : record?.journal;
    });
    return signed && journalFile(this.#find(id)?.number ?? '', signed);
  }

  /** Returns a vault journal to the AS. Safe to repeat: the AS records each entry only once. */
  async returnJournal(id: string): Promise<void> {
    if (this.#returningId !== undefined) return;
    this.#returningId = id;
    this.#report = undefined;
    await this.#attempt(id, async () => {
      const store = await this.#options.store();
      const { journal: signed, signedTo = 0 } = (await store.find(id)) ?? {};
      if (signed === undefined) throw new TypeError('a vault that was never locked has no signed journal');
      this.#report = { vault: id, report: await this.#options.returnJournal({ id, origin: originOf(id) }, signed) };
      await store.setReturned(id, signedTo);
      await this.#read();
    });
    this.#returningId = undefined;
    if (this.#failure) this.#options.session.endOn(this.#failure.failure);
  }

  #find(id: string): StoredVault | undefined {
    return this.#vaults.find((vault) => vault.id === id);
  }

  async #unlock(id: string, by: Opener['by'], readSecrets: () => Promise<readonly Bytes[]>): Promise<void> {
    if (this.#unlockingId !== undefined) return;
    this.#unlockingId = id;
    await this.#attempt(id, () => this.#openWorker(id, by, readSecrets));
    this.#unlockingId = undefined;
    await this.#attempt(id, () => this.#read(), this.#failure);
  }

  async #confirm<Result>(openDialog: () => Promise<Result>): Promise<Result> {
    this.#isConfirming = true;
    try {
      return await openDialog();
    } finally {
      this.#isConfirming = false;
    }
  }

  async #openWorker(id: string, by: Opener['by'], readSecrets: () => Promise<readonly Bytes[]>): Promise<void> {
    const { makeWorker, session, watchInactivity } = this.#options;
    const roots = await this.#options.roots();
    const releaseLock = await this.#requestLock(id);
    const client = new VaultClient(makeWorker(), () => this.#handleEnd(client, releaseLock));
    try {
      await unlockWithOne(client, id, by, await readSecrets(), roots);
      await this.lock();
      await this.#read();
      const unwatch = watchInactivity((why) => void this.lock(why));
      this.#unlocked = { id, client, unwatch };
      this.#unlockedId = id;
      this.#report = undefined; // the report does not cover the loads that follow
      await session.use(this.#account(id, client));
    } catch (error) {
      client.end();
      throw error;
    }
  }

  #handleEnd(client: VaultClient, releaseLock: () => void): void {
    releaseLock();
    const unlocked = this.#unlocked;
    if (unlocked?.client === client) {
      this.#unlocked = undefined;
      unlocked.unwatch();
      this.#options.session.endOn({ code: 'vault-locked' });
    }
    this.#unlockedId = this.#unlocked?.id;
  }

  /**
   * Requests the Web Lock of the vault. Resolves to a function that releases it.
   * @throws ProtocolError vault-busy if another tab holds the lock
   */
  #requestLock(id: string): Promise<() => void> {
    return new Promise((resolve, reject) => {
      this.#options.locks
        .request(`keyferry-vault-${id}`, { ifAvailable: true }, (lock) => {
          if (lock === null) throw new ProtocolError('vault-busy', 'the vault is unlocked in another tab');
          return new Promise<void>((release) => resolve(release));
        })
        .catch(reject);
    });
  }

  async #read(): Promise<void> {
    const [store, roots] = [await this.#options.store(), await this.#options.roots()];
    const { verify, now, toReturn } = this.#options;
    // Reads the list before the store. Another tab stores an export first and then lists its vault.
    // The store thus has every export of each vault that is listed here. If the store has no export
    // to return, the vault can be removed from the list.
    const listed = new Set(toReturn.read().map(({ id }) => id));
    const { vaults, ids, failure } = await readVaults({ store, roots, verify, now: now() });
    this.#findLost(ids);
    this.#vaults = vaults;
    const done = vaults.filter(({ id, isToReturn }) => !isToReturn && listed.has(id));
    toReturn.update(
      vaults.filter(({ isToReturn }) => isToReturn),
      new Set(done.map(({ id }) => id)),
    );
    if (failure) this.#failure ??= { vault: undefined, failure };
  }

  /** Finds vaults that this page or an earlier one listed and that the browser no longer has. */
  #findLost(ids: ReadonlySet<string>): void {
    const { toReturn, imported, session } = this.#options;
    const due = new Map(toReturn.read().map((each) => [each.id, { ...each, isToReturn: true }]));
    const known = new Map<string, LostVault>(due);
    for (const each of [...this.#vaults, ...this.#lost])
      known.set(each.id, { ...each, isToReturn: each.isToReturn || due.has(each.id) });
    this.#lost = [...known.values()].filter(({ id }) => !ids.has(id));
    imported.add([...ids, ...known.keys()]);
    if (this.#unlocked && !ids.has(this.#unlocked.id)) session.endOn({ code: 'vault-lost' });
  }

  #account(id: string, client: VaultClient): LocalAccount {
    const vault = this.#find(id);
    if (vault === undefined) throw new TypeError('the vault is not in the list');
    const { header, number } = vault;
    return {
      kind: 'vault',
      origin: originOf(id),
      name: vaultName(number),
      asNumber: header.asNumber,
      auditHead: undefined,
      signOut: () => void this.lock(),
      keys: async () => [header.set],
      exportsLeft: async () => Math.max(0, header.quota.exports - (await client.status()).exports),
      exportKey: async (request) => {
        const exported = await client.exportKey(request);
        await this.#countExports(id, client);
        return exported;
      },
      verifyReceipt: (...receipt) => client.verifyReceipt(...receipt),
      recallExport: (key) => client.recallExport(key),
    };
  }

  async #countExports(id: string, client: VaultClient): Promise<void> {
    const { exports } = await client.status();
    this.#vaults = this.#vaults.map((vault) => (vault.id === id ? { ...vault, exports, isToReturn: true } : vault));
    this.#options.toReturn.update(
      this.#vaults.filter((vault) => vault.id === id),
      new Set(),
    );
  }

  /** Runs `action` and stores its failure. If `earlier` is given, keeps that failure instead. */
  async #attempt(vault: string | undefined, action: () => Promise<void>, earlier?: VaultFailure): Promise<void> {
    this.#failure = earlier;
    try {
      await action();
    } catch (error) {
      this.#failure = earlier ?? { vault, failure: failureOf(error) };
    }
  }
}

function journalFile(number: string, signed: Envelope): SavedFile {
  return { name: `vault-${number}-journal.json`, text: `${JSON.stringify(signed)}\n` };
}

/** Stable name of a vault in the journal of this station. */
function originOf(id: string): string {
  return `vault ${id}`;
}
