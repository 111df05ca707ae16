// Opens the station's IndexedDB database, runs its transactions and reports errors as codes. The
// records of the schema are defined in attempt.ts, chain.ts, order-record.ts and
// unchained-records.ts.
import { type DBSchema, type IDBPDatabase, type IDBPTransaction, type StoreNames, wrap } from 'idb';
import type { Batch } from './chain.ts';
import { abort, Connection } from './connection.ts';
import { type Repeatable, repeatAborted, translateErrors } from './indexed-db.ts';
import { FIRST_WITHOUT_CONVERSION, LOG_ROTATION_STORE, MIGRATIONS, type OldRecords } from './migrations.ts';
import type { OrderRecord, UnitRow } from './order-record.ts';
import type { TraceRecord, TrustRecord } from './unchained-records.ts';

export interface Schema extends DBSchema {
  /** Key: chain, and number of the first entry. A batch is never changed. */
  batches: { key: [number, number]; value: Batch; indexes: { attempt: [number, number] } };
  /**
   * Key: session id of a page. Value: the attempts that had no final outcome when the page last
   * wrote this list.
   */
  open: { key: string; value: { readonly session: string; readonly attempts: readonly number[] } };
  orders: { key: number; value: OrderRecord; indexes: { name: string } };
  /** Current row of each unit of a work order, written in the same transaction as its entries. */
  units: { key: [number, string]; value: UnitRow; indexes: { state: [number, string] } };
  [LOG_ROTATION_STORE]: { key: number; value: Uint8Array };
  /**
   * Key: 0 for an attempt that is done, else 1; then the id of the attempt. Not in a hash chain,
   * because the page deletes old traces.
   */
  traces: { key: [number, number]; value: TraceRecord };
  /** Key: base URL of the AS. */
  trust: { key: string; value: TrustRecord };
}

export type Store = StoreNames<Schema>;
export type Transaction<M extends 'readonly' | 'readwrite'> = IDBPTransaction<Schema, Store[], M>;

/** How a write is repeated (indexed-db.ts), and how its data is written. */
export interface WriteOptions<T> extends Pick<Repeatable<Transaction<'readwrite'>, T>, 'isOnDisk' | 'isRepeated'> {
  readonly durability?: 'strict' | 'relaxed' | undefined;
}

export const DATABASE_NAME = 'keyferry';

export class Database {
  readonly #connection: Connection<Schema>;

  private constructor(connection: Connection<Schema>) {
    this.#connection = connection;
  }

  /**
   * Calls `onSuperseded` when another tab opens a newer version of the page. The caller should then
   * reload its own page as soon as no load is running. Tries once: a migration that fails would fail
   * again, and a page that cannot open its database offers to reload.
   * @throws ProtocolError journal-failed, journal-full
   */
  static async open(factory: Pick<IDBFactory, 'open'>, onSuperseded: () => void): Promise<Database> {
    let old: OldRecords | undefined;
    let needsOld = false;
    const upgrade = (raw: IDBDatabase, transaction: IDBTransaction, version: number): void => {
      needsOld = !old && version > 0 && version < FIRST_WITHOUT_CONVERSION;
      // An upgrade transaction cannot wait for a chunk. Undoes the upgrade, and repeats it once the
      // chunk is loaded.
      if (needsOld) abort(transaction);
      else void migrate(version, raw, transaction, old);
    };
    const version = MIGRATIONS.length;
    for (;;) {
      const connection = new Connection<Schema>({ factory, name: DATABASE_NAME, version, upgrade, onSuperseded });
      try {
        await translateErrors(connection.use(() => undefined));
        return new Database(connection);
      } catch (error) {
        if (!needsOld || old) throw error;
        old = await import('./old-records.ts');
      }
    }
  }

  /** Number of times that this page found the database deleted and created it again. */
  get deletions(): number {
    return this.#connection.deletions;
  }

  /**
   * Calls `listener` when the browser or another tab closes the database, for example to delete it.
   */
  onClosed(listener: () => void): void {
    this.#connection.onClosed(listener);
  }

  /**
   * Runs `body` in one transaction, and repeats it if the browser aborts it.
   * @throws ProtocolError journal-full, journal-failed
   */
  read<T>(stores: Store[], body: (transaction: Transaction<'readonly'>) => Promise<T>): Promise<T> {
    return repeatAborted<Transaction<'readonly'>, T>({
      run: (repeated) => this.run(stores, 'readonly', repeated),
      write: body,
      isOnDisk: async () => true, // what an earlier try has read is valid
    });
  }

  /**
   * Runs `body` in one transaction, and repeats it if the browser aborts it. Without `isOnDisk`, a
   * second run of `body` after the first must change nothing.
   * @throws ProtocolError journal-full, journal-failed
   */
  write<T>(
    stores: Store[],
    body: (transaction: Transaction<'readwrite'>) => Promise<T>,
    { durability, isOnDisk, isRepeated }: WriteOptions<T> = {},
  ): Promise<T> {
    return repeatAborted<Transaction<'readwrite'>, T>({
      run: (repeated) => this.run(stores, 'readwrite', repeated, durability),
      write: body,
      isOnDisk,
      isRepeated,
    });
  }

  /**
   * Runs `body` once, in one transaction, which a failure rolls back. The page uses read() and
   * write(), which repeat it. Resolves when the data is on disk. With `relaxed` it resolves when the operating system has the data, so that a power cut may lose
   * the newest writes.
   * @throws ProtocolError journal-full, journal-failed
   */
  async run<M extends 'readonly' | 'readwrite', T>(
    stores: Store[],
    mode: M,
    body: (transaction: Transaction<M>) => Promise<T>,
    durability: 'strict' | 'relaxed' = 'strict',
  ): Promise<T> {
    return await translateErrors(this.#connection.transact(stores, mode, body, durability));
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}

/** Runs the migrations in order. A failure rolls all back, and opening the database fails. */
async function migrate(
  version: number,
  raw: IDBDatabase,
  transaction: IDBTransaction,
  old: OldRecords | undefined,
): Promise<void> {
  const db = wrap(raw) as IDBPDatabase<unknown>;
  const wrapped = wrap(transaction) as unknown as IDBPTransaction<unknown, string[], 'versionchange'>;
  wrapped.done.catch(() => undefined); // the open request reports the failure
  try {
    for (const migration of MIGRATIONS.slice(version)) await migration(db, wrapped, old);
  } catch (cause) {
    abort(transaction);
    if (!(cause instanceof DOMException)) throw cause;
  }
}
