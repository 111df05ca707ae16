// What this browser keeps of its vaults: each file as it came, its passkey, every export with its receipt, and the vault's own
// hash-chained journal. A database of its own, since the vault's worker writes it. What an export and a journal entry mean is said in protocol/vault; no
// key is here in clear.
import { type DBSchema, type IDBPDatabase, type IDBPTransaction, type StoreNames, wrap } from 'idb';
import type { ExportRecord } from '#protocol/as-unit/memory.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import type { RecalledExport } from '#protocol/provisioning/key-source.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import { HEADER_LENGTH } from '#protocol/tkl/header.ts';
import type { VaultEntryJson } from '#protocol/vault/journal.ts';
import { explained, opened } from '../journal/indexed-db.ts';

/** A passkey that opens a vault besides its passphrase. */
export interface KeptPasskey {
  /** How the browser finds it. */
  readonly credential: Uint8Array;
  /** What its PRF is asked with, 32 bytes. */
  readonly salt: Uint8Array;
  /** KEK under a key of what the PRF gives (worker/passkey-seal.ts). */
  readonly sealedKek: Uint8Array;
}

export interface VaultRecord {
  /** vaultId of its header. */
  readonly id: string;
  /** The file as it came: it is verified anew at each unlocking. */
  readonly text: string;
  /** ISO 8601, UTC. */
  readonly importedAt: string;
  /** Passphrases that did not fit since it was unlocked last. */
  readonly refused: number;
  /** The journal as it was signed when the vault was locked last, and the number of its last entry. */
  readonly journal?: Envelope;
  readonly signedTo?: number;
  readonly passkey?: KeptPasskey;
}

export interface VaultExport extends ExportRecord {
  readonly vault: string;
  readonly xc: number;
  /** 32 hex digits. */
  readonly sn: string;
  /** SN and R, hex: the challenge that it answered. */
  readonly challenge: string;
  /** Of SHA-256(DATA). */
  readonly exportId: string;
  readonly idempotencyKey: string;
  /** Of the whole request: a repeat has the same one. */
  readonly fingerprint: string;
}

/** The export as it is told to who lost the answer. */
export function recalled({ exportId, data }: Pick<VaultExport, 'exportId' | 'data'>): RecalledExport {
  return { exportId, header: data.slice(0, HEADER_LENGTH), dataHash: sha256(data) };
}

interface Schema extends DBSchema {
  vaults: { key: string; value: VaultRecord };
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

type Transaction = IDBPTransaction<Schema, StoreNames<Schema>[], 'readwrite'>;

const NAME = 'keyferry-vaults';
const VERSION = 1;
const INDEXES = {
  unit: 'sn',
  challenge: 'challenge',
  exportId: 'exportId',
  idempotencyKey: 'idempotencyKey',
} as const;

/** Every method throws ProtocolError journal-full, journal-failed. */
export class VaultStore {
  readonly #db: IDBPDatabase<Schema>;

  private constructor(db: IDBPDatabase<Schema>) {
    this.#db = db;
  }

  static async open(factory: IDBFactory): Promise<VaultStore> {
    return new VaultStore(await explained(connect(factory)));
  }

  close(): void {
    this.#db.close();
  }

  /** In the order in which they came. */
  vaults(): Promise<readonly VaultRecord[]> {
    return explained(
      this.#db.getAll('vaults').then((all) => all.sort((a, b) => a.importedAt.localeCompare(b.importedAt))),
    );
  }

  find(id: string): Promise<VaultRecord | undefined> {
    return explained(this.#db.get('vaults', id));
  }

  /** Keeps what is known of it already: a file that comes twice starts nothing anew. */
  import(id: string, text: string, importedAt: string): Promise<void> {
    return this.#write(async (transaction) => {
      const store = transaction.objectStore('vaults');
      if ((await store.get(id)) === undefined) await store.add({ id, text, importedAt, refused: 0 });
    });
  }

  /** Counts a passphrase before it is tried, so that no crash forgets one. */
  countRefusal(id: string): Promise<void> {
    return this.#change(id, (record) => ({ ...record, refused: record.refused + 1 }));
  }

  keepJournal(id: string, journal: Envelope, signedTo: number): Promise<void> {
    return this.#change(id, (record) => ({ ...record, journal, signedTo }));
  }

  /** In the place of an earlier one. */
  keepPasskey(id: string, passkey: KeptPasskey): Promise<void> {
    return this.#change(id, (record) => ({ ...record, passkey }));
  }

  forgetPasskey(id: string): Promise<void> {
    return this.#change(id, ({ passkey: _, ...record }) => record);
  }

  entries(id: string): Promise<readonly VaultEntryJson[]> {
    return explained(this.#db.getAll('entries', all(id)).then((kept) => kept.map(({ vault: _, ...entry }) => entry)));
  }

  async lastEntry(id: string): Promise<VaultEntryJson | undefined> {
    const cursor = await explained(this.#db.transaction('entries').store.openCursor(all(id), 'prev'));
    if (cursor === null) return undefined;
    const { vault: _, ...entry } = cursor.value;
    return entry;
  }

  countExports(id: string): Promise<number> {
    return explained(this.#db.count('exports', all(id)));
  }

  countExportsOf(id: string, sn: string): Promise<number> {
    return explained(this.#db.countFromIndex('exports', 'unit', [id, sn]));
  }

  findExport(id: string, xc: number): Promise<VaultExport | undefined> {
    return explained(this.#db.get('exports', [id, xc]));
  }

  findExportBy(
    id: string,
    index: 'challenge' | 'exportId' | 'idempotencyKey',
    value: string,
  ): Promise<VaultExport | undefined> {
    return explained(this.#db.getFromIndex('exports', index, [id, value]));
  }

  /** The entry alone; `unlocked`: the passphrase did fit. */
  addEntry(id: string, entry: VaultEntryJson, { unlocked = false } = {}): Promise<void> {
    return this.#write(async (transaction) => {
      await transaction.objectStore('entries').add({ vault: id, ...entry });
      const store = transaction.objectStore('vaults');
      const record = await store.get(id);
      if (unlocked && record) await store.put({ ...record, refused: 0 });
    });
  }

  /** Export and entry, both or neither: what was exported is counted, and what is counted is in the journal. */
  addExport(made: VaultExport, entry: VaultEntryJson): Promise<void> {
    return this.#write(async (transaction) => {
      await transaction.objectStore('exports').add(made);
      await transaction.objectStore('entries').add({ vault: made.vault, ...entry });
    });
  }

  /** Receipt and entry, both or neither. */
  addReceipt(receipted: VaultExport, entry: VaultEntryJson): Promise<void> {
    return this.#write(async (transaction) => {
      await transaction.objectStore('exports').put(receipted);
      await transaction.objectStore('entries').add({ vault: receipted.vault, ...entry });
    });
  }

  #change(id: string, change: (record: VaultRecord) => VaultRecord): Promise<void> {
    return this.#write(async (transaction) => {
      const store = transaction.objectStore('vaults');
      const record = await store.get(id);
      if (record) await store.put(change(record));
    });
  }

  /** One strict transaction: it is on disk when this resolves. */
  async #write(body: (transaction: Transaction) => Promise<void>): Promise<void> {
    const transaction = this.#db.transaction(['vaults', 'exports', 'entries'], 'readwrite', { durability: 'strict' });
    const over = explained(transaction.done);
    over.catch(() => undefined); // awaited below, unless the body fails first
    await explained(body(transaction));
    await over;
  }
}

function all(id: string): IDBKeyRange {
  return IDBKeyRange.bound([id, 0], [id, Number.POSITIVE_INFINITY]);
}

async function connect(factory: IDBFactory): Promise<IDBPDatabase<Schema>> {
  const request = factory.open(NAME, VERSION);
  request.onupgradeneeded = () => {
    const db = request.result;
    db.createObjectStore('vaults', { keyPath: 'id' });
    db.createObjectStore('entries', { keyPath: ['vault', 'number'] });
    const exports = db.createObjectStore('exports', { keyPath: ['vault', 'xc'] });
    for (const [name, field] of Object.entries(INDEXES)) {
      exports.createIndex(name, ['vault', field], { unique: name !== 'unit' });
    }
  };
  const db = await opened(request);
  db.onversionchange = () => db.close();
  return wrap(db) as IDBPDatabase<Schema>;
}
