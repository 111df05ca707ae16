// Stores this browser's vaults: file, passkey, exports with receipts, and the hash-chained vault
// journal (docs/protocol.md clause 10). Uses a separate database, to which the vault's worker
// writes. Never stores a key in clear.
import type { DBSchema, IDBPTransaction, StoreNames } from 'idb';
import type { ExportRecord } from '#protocol/as-unit/memory.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { RecalledExport } from '#protocol/provisioning/key-source.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import { HEADER_LENGTH } from '#protocol/tkl/header.ts';
import type { VaultEntryJson } from '#protocol/vault/journal.ts';
import { Connection } from '../journal/connection.ts';
import { isSameRecord, repeatAborted, translateErrors } from '../journal/indexed-db.ts';

/** A passkey that unlocks a vault. */
export interface StoredPasskey {
  /** Credential id. */
  readonly credential: Uint8Array;
  /** Input of the PRF, 32 bytes. */
  readonly salt: Uint8Array;
  /** KEK, sealed under a key from the output of the PRF (vault-worker/passkey-seal.ts). */
  readonly sealedKek: Uint8Array;
}

export interface VaultRecord {
  /** The `vaultId` in the header of the vault file. */
  readonly id: string;
  /** The vault file, unchanged. It is verified at each unlocking. */
  readonly text: string;
  /** ISO 8601, UTC. */
  readonly importedAt: string;
  /** Number of wrong passphrases since the last unlocking. */
  readonly refused: number;
  /** The vault journal as last signed. `signedTo` is the number of its last entry. */
  readonly journal?: Envelope;
  readonly signedTo?: number;
  /** Number of the last entry that the AS has received. */
  readonly returnedTo?: number;
  readonly passkey?: StoredPasskey;
}

interface StoredVault extends VaultRecord {
  /** Ids of the newest changes of this record, at most MAX_CHANGES. */
  readonly changes?: readonly string[];
}

export interface VaultExport extends ExportRecord {
  readonly vault: string;
  readonly xc: number;
  /** 32 hex digits. */
  readonly sn: string;
  /** SN and R of the challenge, hex. */
  readonly challenge: string;
  /** Id of the export, computed from SHA-256(DATA). */
  readonly exportId: string;
  readonly idempotencyKey: string;
  /**
   * The request's fields as text. Serves to refuse a different request with the same idempotency
   * key.
   */
  readonly fingerprint: string;
}

/** Returns the answer to a recall, which contains no DATA. */
export function recalledExportOf({ exportId, data }: Pick<VaultExport, 'exportId' | 'data'>): RecalledExport {
  return { exportId, header: data.slice(0, HEADER_LENGTH), dataHash: sha256(data) };
}

interface Schema extends DBSchema {
  vaults: { key: string; value: StoredVault };
  exports: {
    key: [string, number];
    value: VaultExport;
    indexes: {
      unit: [string, string];
      challenge: [string, string];
      exportId: [string, string];
      idempotencyKey: [string, string];
    };
  };
  entries: { key: [string, number]; value: VaultEntryJson & { readonly vault: string } };
}

type Transaction<M extends 'readonly' | 'readwrite'> = IDBPTransaction<Schema, StoreNames<Schema>[], M>;

export const VAULTS_NAME = 'keyferry-vaults';
const VERSION = 1;
/** Maximum number of changes that other tabs make between a try of a write and its repetition. */
const MAX_CHANGES = 16;
const STORES: StoreNames<Schema>[] = ['vaults', 'exports', 'entries'];
const INDEXES = {
  unit: 'sn',
  challenge: 'challenge',
  exportId: 'exportId',
  idempotencyKey: 'idempotencyKey',
} as const;

/**
 * The numbers of the newest entry and the newest export that a caller has read or written. 0 if
 * there is none.
 */
export interface KnownVault {
  readonly entry: number;
  readonly xc: number;
}

/** Every method may reject with ProtocolError journal-full or journal-failed. */
export class VaultStore {
  readonly #connection: Connection<Schema>;

  private constructor(connection: Connection<Schema>) {
    this.#connection = connection;
  }

  static async open(factory: Pick<IDBFactory, 'open'>): Promise<VaultStore> {
    const connection = new Connection<Schema>({
      ...{ factory, name: VAULTS_NAME, version: VERSION },
      upgrade: createStores,
      onSuperseded: () => undefined,
    });
    await translateErrors(connection.use(() => undefined));
    return new VaultStore(connection);
  }

  /** Calls `listener` when the browser or another tab closes the database, perhaps to delete it. */
  onClosed(listener: () => void): void {
    this.#connection.onClosed(listener);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  /** @throws ProtocolError vault-lost if the vault, its newest entry or its newest export is missing */
  async requireKept(id: string, known: KnownVault): Promise<void> {
    await this.#read((transaction) => requireKept(transaction, id, known));
  }

  /** Returns all vaults, sorted by time of import. */
  async vaults(): Promise<readonly VaultRecord[]> {
    const vaults = await this.#read((transaction) => transaction.objectStore('vaults').getAll());
    return vaults.map(withoutChanges).sort((a, b) => a.importedAt.localeCompare(b.importedAt));
  }

  async find(id: string): Promise<VaultRecord | undefined> {
    const stored = await this.#read((transaction) => transaction.objectStore('vaults').get(id));
    return stored && withoutChanges(stored);
  }

  /** Stores a vault file. Changes nothing if the vault is stored already. */
  import(id: string, text: string, importedAt: string): Promise<void> {
    return this.#put(id, (record) => record ?? { id, text, importedAt, refused: 0 });
  }

  /**
   * Adds one to the number of wrong passphrases. The caller does this before it tries a passphrase,
   * so that a crash cannot hide the try.
   */
  countRefusal(id: string): Promise<void> {
    return this.#change(id, (record) => ({ ...record, refused: record.refused + 1 }));
  }

  setJournal(id: string, journal: Envelope, signedTo: number): Promise<void> {
    return this.#change(id, (record) => ({ ...record, journal, signedTo }));
  }

  setReturned(id: string, returnedTo: number): Promise<void> {
    return this.#change(id, (record) => ({ ...record, returnedTo }));
  }

  /**
   * Number of the newest entry in the vault journal that records an export or a receipt. 0 if there
   * is none.
   */
  async lastLoadEntry(id: string): Promise<number> {
    const loads = (await this.entries(id)).filter(({ event }) => event.kind === 'export' || event.kind === 'receipt');
    return loads.at(-1)?.number ?? 0;
  }

  /** Stores the passkey of a vault in place of any earlier one. */
  setPasskey(id: string, passkey: StoredPasskey): Promise<void> {
    return this.#change(id, (record) => ({ ...record, passkey }));
  }

  deletePasskey(id: string): Promise<void> {
    return this.#change(id, ({ passkey: _, ...record }) => record);
  }

  async entries(id: string): Promise<readonly VaultEntryJson[]> {
    const entries = await this.#read((transaction) => transaction.objectStore('entries').getAll(all(id)));
    return entries.map(({ vault: _, ...entry }) => entry);
  }

  async lastEntry(id: string): Promise<VaultEntryJson | undefined> {
    const last = await this.#read(async (transaction) => {
      const cursor = await transaction.objectStore('entries').openCursor(all(id), 'prev');
      return cursor?.value;
    });
    if (last === undefined) return undefined;
    const { vault: _, ...entry } = last;
    return entry;
  }

  countExports(id: string): Promise<number> {
    return this.#read((transaction) => transaction.objectStore('exports').count(all(id)));
  }

  countExportsOf(id: string, sn: string): Promise<number> {
    return this.#read((transaction) => transaction.objectStore('exports').index('unit').count([id, sn]));
  }

  findExport(id: string, xc: number): Promise<VaultExport | undefined> {
    return this.#read((transaction) => transaction.objectStore('exports').get([id, xc]));
  }

  findExportBy(
    id: string,
    index: 'challenge' | 'exportId' | 'idempotencyKey',
    value: string,
  ): Promise<VaultExport | undefined> {
    return this.#read((transaction) => transaction.objectStore('exports').index(index).get([id, value]));
  }

  /**
   * Adds an entry. `unlocked` resets the count of wrong passphrases.
   * @throws ProtocolError vault-lost
   */
  addEntry(id: string, entry: VaultEntryJson, { unlocked = false } = {}): Promise<void> {
    return this.#append(id, entry, 0, async (transaction) => {
      const store = transaction.objectStore('vaults');
      const record = await store.get(id);
      if (unlocked && record) await store.put({ ...record, refused: 0 });
    });
  }

  /** Adds an export and its journal entry in one transaction. @throws ProtocolError vault-lost */
  addExport(made: VaultExport, entry: VaultEntryJson): Promise<void> {
    return this.#append(made.vault, entry, made.xc - 1, (transaction) => transaction.objectStore('exports').add(made));
  }

  /** Adds a receipt and its journal entry in one transaction. @throws ProtocolError vault-lost */
  addReceipt(receipted: VaultExport, entry: VaultEntryJson): Promise<void> {
    const { vault, xc } = receipted;
    return this.#append(vault, entry, xc, (transaction) => transaction.objectStore('exports').put(receipted));
  }

  /**
   * Adds an entry, and makes the other writes of the same transaction.
   * @param xc number of the newest export that must be in the store
   */
  #append(
    vault: string,
    entry: VaultEntryJson,
    xc: number,
    write: (transaction: Transaction<'readwrite'>) => Promise<unknown>,
  ): Promise<void> {
    const stored = { vault, ...entry };
    return this.#run(
      'readwrite',
      async (transaction) => {
        await requireKept(transaction, vault, { entry: entry.number - 1, xc });
        await transaction.objectStore('entries').add(stored);
        await write(transaction);
      },
      async (transaction) => isSameRecord(await transaction.objectStore('entries').get([vault, entry.number]), stored),
    );
  }

  #change(id: string, change: (record: VaultRecord) => VaultRecord): Promise<void> {
    return this.#put(id, (record) => record && change(record));
  }

  /**
   * Stores what `change` returns for the record of a vault, unless it is undefined. The record lists
   * the id of the change, so that a repetition finds it although another tab has changed the record
   * since.
   */
  async #put(id: string, change: (record: VaultRecord | undefined) => VaultRecord | undefined): Promise<void> {
    const changeId = crypto.randomUUID();
    await this.#run(
      'readwrite',
      async (transaction) => {
        const store = transaction.objectStore('vaults');
        const stored = await store.get(id);
        const record = change(stored);
        const changes = [...(stored?.changes ?? []), changeId].slice(-MAX_CHANGES);
        if (record && record !== stored) await store.put({ ...record, changes });
      },
      async (transaction) => (await transaction.objectStore('vaults').get(id))?.changes?.includes(changeId) === true,
    );
  }

  #read<T>(read: (transaction: Transaction<'readonly'>) => Promise<T>): Promise<T> {
    return this.#run('readonly', read);
  }

  /**
   * Runs one transaction with strict durability: its data is on disk when the promise resolves. Repeats it if the
   * browser aborts it, unless `isOnDisk` finds what an earlier try wrote.
   */
  #run<M extends 'readonly' | 'readwrite', T>(
    mode: M,
    write: (transaction: Transaction<M>) => Promise<T>,
    isOnDisk?: (transaction: Transaction<M>, written: T) => Promise<boolean>,
  ): Promise<T> {
    return repeatAborted<Transaction<M>, T>({
      run: (body) => translateErrors(this.#connection.transact(STORES, mode, body, 'strict')),
      write,
      isOnDisk,
    });
  }
}

function withoutChanges({ changes: _, ...record }: StoredVault): VaultRecord {
  return record;
}

function all(id: string): IDBKeyRange {
  return IDBKeyRange.bound([id, 0], [id, Number.POSITIVE_INFINITY]);
}

/**
 * Checks that the store still has the vault, its newest entry and its newest export. Entries and
 * exports are numbered without gaps, so this check finds every loss.
 * @throws ProtocolError vault-lost
 */
async function requireKept(
  transaction: Transaction<'readonly' | 'readwrite'>,
  id: string,
  { entry, xc }: KnownVault,
): Promise<void> {
  const found = await Promise.all([
    transaction.objectStore('vaults').getKey(id),
    entry === 0 ? 0 : transaction.objectStore('entries').getKey([id, entry]),
    xc === 0 ? 0 : transaction.objectStore('exports').getKey([id, xc]),
  ]);
  if (found.includes(undefined))
    throw new ProtocolError('vault-lost', `the vault ${id} was deleted while it was in use`);
}

function createStores(db: IDBDatabase): void {
  db.createObjectStore('vaults', { keyPath: 'id' });
  db.createObjectStore('entries', { keyPath: ['vault', 'number'] });
  const exports = db.createObjectStore('exports', { keyPath: ['vault', 'xc'] });
  for (const [name, field] of Object.entries(INDEXES)) {
    exports.createIndex(name, ['vault', field], { unique: name !== 'unit' });
  }
}
