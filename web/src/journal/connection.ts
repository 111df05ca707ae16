// A connection to one IndexedDB database. Opens the database again after the browser or another tab
// has closed it, and counts how often it was deleted. Shared by the journal and the vault store.
import { type DBSchema, type IDBPDatabase, type IDBPTransaction, type StoreNames, wrap } from 'idb';
import { ProtocolError } from '#protocol/errors.ts';
import { databaseOf } from './indexed-db.ts';

export interface ConnectionOptions {
  readonly factory: Pick<IDBFactory, 'open'>;
  readonly name: string;
  readonly version: number;
  /** Creates or migrates the object stores. `oldVersion` is 0 for a new database. */
  readonly upgrade: (raw: IDBDatabase, transaction: IDBTransaction, oldVersion: number) => void;
  /** Called when another tab opens a newer version of the database. */
  readonly onSuperseded: () => void;
}

export class Connection<Schema extends DBSchema> {
  readonly #options: ConnectionOptions;
  readonly #closeListeners = new Set<() => void>();
  #isSuperseded = false;
  #hasOpened = false;
  #deletions = 0;
  /** Undefined while the database is closed. The next use opens it. */
  #db: Promise<IDBPDatabase<Schema>> | undefined;
  /** For each open database, the functions that reject the pending work. */
  readonly #pending = new WeakMap<IDBPDatabase<Schema>, Set<(reason: unknown) => void>>();

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Number of times that this page found the database deleted and created it again. */
  get deletions(): number {
    return this.#deletions;
  }

  /**
   * Calls `listener` when the browser or another tab closes the database, for example to delete it.
   * If the browser dispatches no close event, the next use of the database calls it.
   */
  onClosed(listener: () => void): void {
    this.#closeListeners.add(listener);
  }

  /**
   * Calls `action` with the open database. If the database was closed without an event, opens it
   * again and calls `action` a second time. `action` must therefore begin by opening a transaction,
   * which fails on a closed database.
   * @throws DOMException, AbortError if the browser closes the database before `action` has ended
   * @throws ProtocolError journal-elsewhere
   */
  async use<T>(action: (db: IDBPDatabase<Schema>) => T | Promise<T>): Promise<T> {
    const connection = this.#open();
    const db = await connection;
    try {
      return await this.#whileOpen(db, () => action(db));
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'InvalidStateError') throw error;
      if (this.#db === connection) this.#reportClosed();
      const next = await this.#open();
      return await this.#whileOpen(next, () => action(next));
    }
  }

  /**
   * Runs `body` in one transaction, which a failure rolls back. Resolves when the transaction has
   * ended.
   * @throws DOMException, AbortError if the browser closes the database before that
   * @throws ProtocolError journal-elsewhere
   */
  async transact<Stores extends StoreNames<Schema>[], M extends 'readonly' | 'readwrite', T>(
    stores: Stores,
    mode: M,
    body: (transaction: IDBPTransaction<Schema, Stores, M>) => Promise<T>,
    durability: 'strict' | 'relaxed',
  ): Promise<T> {
    const { db, transaction } = await this.use((open) => ({
      db: open,
      transaction: open.transaction(stores, mode, { durability }),
    }));
    return await this.#whileOpen(db, () => runIn(transaction, body));
  }

  async close(): Promise<void> {
    const db = this.#db;
    this.#db = undefined;
    (await db)?.close();
  }

  /**
   * Awaits `work`, and rejects with an AbortError when the browser closes `db`. Chromium can drop a
   * transaction that the page begins at that time. It then dispatches none of the events of the
   * transaction, and `work` would never end.
   */
  #whileOpen<T>(db: IDBPDatabase<Schema>, work: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const pending = this.#pending.get(db);
      pending?.add(reject);
      const run = async (): Promise<T> => await work();
      void run()
        .then(resolve, reject)
        .finally(() => pending?.delete(reject));
    });
  }

  #open(): Promise<IDBPDatabase<Schema>> {
    if (this.#isSuperseded)
      throw new ProtocolError('journal-elsewhere', 'another tab runs a newer version of this page');
    if (this.#db === undefined) {
      this.#db = this.#connect();
      this.#db.catch(() => {
        this.#db = undefined;
      });
    }
    return this.#db;
  }

  async #connect(): Promise<IDBPDatabase<Schema>> {
    const { factory, name, version, upgrade, onSuperseded } = this.#options;
    const request = factory.open(name, version);
    let isNew = false;
    request.onupgradeneeded = ({ oldVersion }) => {
      isNew = oldVersion === 0;
      const { result, transaction } = request;
      if (transaction) upgrade(result, transaction, oldVersion);
    };
    const raw = await databaseOf(request);
    if (isNew && this.#hasOpened) this.#deletions++;
    this.#hasOpened = true;
    const db = wrap(raw) as IDBPDatabase<Schema>;
    const pending = new Set<(reason: unknown) => void>();
    this.#pending.set(db, pending);
    raw.onclose = () => {
      const reason = new DOMException('the browser closed the database', 'AbortError');
      for (const reject of pending) reject(reason);
      this.#reportClosed();
    };
    raw.onversionchange = ({ newVersion }) => {
      raw.close();
      if (newVersion === null) return this.#reportClosed(); // the database is being deleted
      this.#isSuperseded = true;
      onSuperseded();
    };
    return db;
  }

  #reportClosed(): void {
    this.#db = undefined;
    for (const listener of this.#closeListeners) listener();
  }
}

/** The part of a transaction that runIn() uses. */
interface Abortable {
  readonly done: Promise<void>;
  readonly error: DOMException | null;
  abort(): void;
}

async function runIn<X extends Abortable, T>(transaction: X, body: (transaction: X) => Promise<T>): Promise<T> {
  const { done } = transaction;
  done.catch(() => undefined); // a failure is reported where `done` is awaited
  try {
    const result = await body(transaction);
    await done;
    return result;
  } catch (error) {
    abort(transaction);
    await done.catch(() => undefined);
    throw transaction.error ?? error; // if the browser aborted the transaction, its reason
  }
}

/** Aborts a transaction. Does nothing if it has already been committed or rolled back. */
export function abort(transaction: { abort(): void }): void {
  try {
    transaction.abort();
  } catch (cause) {
    if (!(cause instanceof DOMException)) throw cause;
  }
}
