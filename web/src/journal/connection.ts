// A connection to one IndexedDB database. Opens the database again after the browser or another tab
// has closed it, and counts how often it was deleted. Shared by the journal and the vault store.
import { type DBSchema, type IDBPDatabase, wrap } from 'idb';
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

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Number of times that this page found the database deleted and created it again. */
  get deletions(): number {
    return this.#deletions;
  }

  /**
   * Calls `listener` when the browser or another tab closes the database, for example to delete it.
   * After a close without an event, calls it when the next use finds the database closed.
   */
  onClosed(listener: () => void): void {
    this.#closeListeners.add(listener);
  }

  /**
   * Calls `action` with the open database. If the database was closed without an event, opens it
   * again and calls `action` a second time. `action` must therefore begin by opening a transaction,
   * which fails on a closed database.
   * @throws DOMException, ProtocolError journal-elsewhere
   */
  async use<T>(action: (db: IDBPDatabase<Schema>) => T | Promise<T>): Promise<T> {
    const connection = this.#open();
    const db = await connection;
    try {
      return await action(db);
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'InvalidStateError') throw error;
      if (this.#db === connection) this.#reportClosed();
      return await action(await this.#open());
    }
  }

  async close(): Promise<void> {
    const db = this.#db;
    this.#db = undefined;
    (await db)?.close();
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
    raw.onclose = () => this.#reportClosed();
    raw.onversionchange = ({ newVersion }) => {
      raw.close();
      if (newVersion === null) return this.#reportClosed(); // the database is being deleted
      this.#isSuperseded = true;
      onSuperseded();
    };
    return wrap(raw) as IDBPDatabase<Schema>;
  }

  #reportClosed(): void {
    this.#db = undefined;
    for (const listener of this.#closeListeners) listener();
  }
}
