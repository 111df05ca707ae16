// The station's IndexedDB: its schema, one function per version, and the failures of storage as codes. Is handed indexedDB; what the
// records mean is said in attempt.ts and trust-store.ts.
import { type DBSchema, type IDBPDatabase, type IDBPTransaction, type StoreNames, wrap } from 'idb';
import { ProtocolError } from '#protocol/errors.ts';
import type { AttemptRecord, StepEntry } from './attempt.ts';
import type { TrustRecord } from './trust-store.ts';

export interface Schema extends DBSchema {
  /** Never changed once written. */
  attempts: { key: number; value: AttemptRecord };
  /** Never changed once written; by attempt and index. */
  steps: { key: [number, number]; value: StepEntry };
  /** The attempts whose outcome is not final, and the page that runs each. */
  open: { key: number; value: { readonly attempt: number; readonly session: string } };
  /** By service. */
  trust: { key: string; value: TrustRecord };
}

export type Store = StoreNames<Schema>;
export type Transaction<M extends 'readonly' | 'readwrite'> = IDBPTransaction<Schema, Store[], M>;

const NAME = 'keyferry';

/** The n-th brings a database of version n to version n + 1; none is ever edited after it was released. */
const UPGRADES: readonly ((db: IDBDatabase) => void)[] = [
  (db) => {
    db.createObjectStore('attempts', { keyPath: 'id', autoIncrement: true });
    db.createObjectStore('steps', { keyPath: ['attempt', 'index'] });
    db.createObjectStore('open', { keyPath: 'attempt' });
    db.createObjectStore('trust', { keyPath: 'service' });
  },
];

export class Database {
  readonly #factory: IDBFactory;
  readonly #onSuperseded: () => void;
  #superseded = false;
  /** Undefined after the browser closed it by itself: it is opened again when it is next needed. */
  #db: Promise<IDBPDatabase<Schema>> | undefined;

  private constructor(factory: IDBFactory, onSuperseded: () => void) {
    this.#factory = factory;
    this.#onSuperseded = onSuperseded;
  }

  /**
   * `onSuperseded` is called when another tab brings a newer version of this page: this one is to be reloaded when it is idle.
   * @throws ProtocolError journal-failed, journal-full
   */
  static async open(factory: IDBFactory, onSuperseded: () => void): Promise<Database> {
    const database = new Database(factory, onSuperseded);
    await database.#explained(database.#connection());
    return database;
  }

  /** All of `body` or nothing; a write is on disk when this resolves. @throws ProtocolError journal-full, journal-failed */
  async run<M extends 'readonly' | 'readwrite', T>(
    stores: Store[],
    mode: M,
    body: (transaction: Transaction<M>) => Promise<T>,
  ): Promise<T> {
    return await this.#explained(this.#run(stores, mode, body));
  }

  async close(): Promise<void> {
    const db = this.#db;
    this.#db = undefined;
    (await db)?.close();
  }

  async #run<M extends 'readonly' | 'readwrite', T>(
    stores: Store[],
    mode: M,
    body: (transaction: Transaction<M>) => Promise<T>,
  ): Promise<T> {
    const db = await this.#connection();
    const transaction = db.transaction(stores, mode, { durability: 'strict' });
    let isOver = false;
    const over = transaction.done.finally(() => {
      isOver = true;
    });
    over.catch(() => undefined); // awaited below, unless the body fails first
    try {
      const result = await body(transaction);
      await over;
      return result;
    } catch (error) {
      if (!isOver) transaction.abort();
      throw transaction.error ?? error; // the browser's reason, where it was the one that gave up
    }
  }

  #connection(): Promise<IDBPDatabase<Schema>> {
    if (this.#superseded) throw new ProtocolError('journal-failed', 'another tab runs a newer version of this page');
    if (this.#db === undefined) {
      this.#db = this.#connect();
      this.#db.catch(() => {
        this.#db = undefined;
      });
    }
    return this.#db;
  }

  async #connect(): Promise<IDBPDatabase<Schema>> {
    const request = this.#factory.open(NAME, UPGRADES.length);
    request.onupgradeneeded = ({ oldVersion }) => {
      for (const upgrade of UPGRADES.slice(oldVersion)) upgrade(request.result);
    };
    const raw = await opened(request);
    raw.onclose = () => {
      this.#db = undefined;
    };
    raw.onversionchange = () => {
      raw.close();
      this.#superseded = true;
      this.#onSuperseded();
    };
    return wrap(raw) as IDBPDatabase<Schema>;
  }

  async #explained<T>(action: Promise<T>): Promise<T> {
    try {
      return await action;
    } catch (cause) {
      if (!(cause instanceof DOMException)) throw cause;
      const code = cause.name === 'QuotaExceededError' ? 'journal-full' : 'journal-failed';
      throw new ProtocolError(code, `${cause.name}: ${cause.message}`, { cause });
    }
  }
}

function opened(request: IDBOpenDBRequest): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => {
      // Waiting here could take for ever. Should the other tab give way later, this connection must not stand in anyone's way.
      request.onsuccess = () => request.result.close();
      reject(new ProtocolError('journal-failed', 'another tab holds an older version of the journal open'));
    };
  });
}
