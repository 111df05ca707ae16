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

/**
 * Interval in ms at which pending work checks whether the database is still open. A browser can
 * close it without an event.
 */
const CHECK_MS = 2000;

interface OpenDatabase<Schema extends DBSchema> {
  readonly db: IDBPDatabase<Schema>;
  /** The functions that end the pending work when the browser closes the database. */
  readonly pending: Set<(reason: DOMException) => void>;
  /** Ends the pending work if the browser has closed the database without an event. */
  readonly check: () => void;
  /** Closes the database when the pending work has ended. */
  readonly close: () => void;
}

export class Connection<Schema extends DBSchema> {
  readonly #options: ConnectionOptions;
  readonly #closeListeners = new Set<() => void>();
  #isSuperseded = false;
  #hasOpened = false;
  #deletions = 0;
  /** Undefined while the database is closed. The next use opens it. */
  #opened: Promise<OpenDatabase<Schema>> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Number of times that this page found the database deleted and created it again. */
  get deletions(): number {
    return this.#deletions;
  }

  /**
   * Calls `listener` when the browser or another tab closes the database, for example to delete it.
   * If the browser dispatches no close event, the next use of the database or the check of pending
   * work calls it.
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
    return await this.#use(({ db }) => action(db));
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
    const { open, transaction } = await this.#use((database) => ({
      open: database,
      transaction: database.db.transaction(stores, mode, { durability }),
    }));
    return await whileOpen(
      open,
      () => runIn(transaction, body),
      () => abort(transaction),
    );
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    (await opened)?.close();
  }

  async #use<T>(action: (open: OpenDatabase<Schema>) => T | Promise<T>): Promise<T> {
    const opened = this.#open();
    const open = await opened;
    try {
      return await whileOpen(open, () => action(open));
    } catch (error) {
      if (!isInvalidState(error)) throw error;
      if (this.#opened === opened) this.#endClosed(open);
      const next = await this.#open();
      return await whileOpen(next, () => action(next));
    }
  }

  #open(): Promise<OpenDatabase<Schema>> {
    if (this.#isSuperseded)
      throw new ProtocolError('journal-elsewhere', 'another tab runs a newer version of this page');
    if (this.#opened === undefined) {
      this.#opened = this.#connect();
      this.#opened.catch(() => {
        this.#opened = undefined;
      });
    }
    return this.#opened;
  }

  async #connect(): Promise<OpenDatabase<Schema>> {
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
    let isClosing = false;
    const check = (): void => {
      try {
        if (!isClosing) raw.transaction([...raw.objectStoreNames]);
      } catch (error) {
        if (!isInvalidState(error)) throw error;
        this.#endClosed(open);
      }
    };
    const close = (): void => {
      isClosing = true;
      raw.close();
    };
    const open: OpenDatabase<Schema> = { db, pending: new Set(), check, close };
    raw.onclose = () => this.#endClosed(open);
    raw.onversionchange = ({ newVersion }) => {
      close();
      if (newVersion === null) return this.#reportClosed(); // the database is being deleted
      this.#isSuperseded = true;
      onSuperseded();
    };
    return open;
  }

  /** Ends the pending work on a database that the browser has closed. */
  #endClosed({ db, pending }: OpenDatabase<Schema>): void {
    db.onclose = null; // the close event may follow later, when the next database is open
    const reason = new DOMException('the browser closed the database', 'AbortError');
    for (const end of pending) end(reason);
    this.#reportClosed();
  }

  #reportClosed(): void {
    this.#opened = undefined;
    for (const listener of this.#closeListeners) listener();
  }
}

/**
 * Awaits `work`. When the browser closes the database, calls `stop` and rejects with an AbortError.
 * Chromium can drop a transaction that the page begins at that time. It then dispatches none of the
 * events of the transaction, and `work` would never end. The browser may also close the database
 * without an event, so this function checks the database at intervals.
 */
function whileOpen<T>(
  { pending, check }: Pick<OpenDatabase<DBSchema>, 'pending' | 'check'>,
  work: () => T | Promise<T>,
  stop: () => void = () => undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const release = (): void => {
      pending.delete(end);
      clearInterval(checks);
    };
    const end = (reason: DOMException): void => {
      release();
      stop();
      reject(reason);
    };
    pending.add(end);
    const checks = setInterval(check, CHECK_MS);
    const run = async (): Promise<T> => await work();
    void run().then(resolve, reject).finally(release);
  });
}

function isInvalidState(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'InvalidStateError';
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
    throw transaction.error ?? error; // the reason of the browser, if it aborted the transaction
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
