// The station's IndexedDB: its schema, and the failures of storage as codes. Is handed indexedDB; what the
// records mean is said in attempt.ts and trust-store.ts.
import { type DBSchema, type IDBPDatabase, type IDBPTransaction, type StoreNames, wrap } from 'idb';
import { ProtocolError } from '#protocol/errors.ts';
import type { TrustRecord } from '../trust-store/trust-store.ts';
import type { Batch } from './chain.ts';
import { explained, opened } from './indexed-db.ts';
import { UPGRADES } from './migrations.ts';
import type { OrderRecord, UnitRow } from './order-record.ts';

export interface Schema extends DBSchema {
  /** By chain and number of the first entry in it. Never changed once written. */
  batches: { key: [number, number]; value: Batch; indexes: { attempt: [number, number] } };
  /** By page: the attempts that it has begun, but for those it knew to be final when it last began one. */
  open: { key: string; value: { readonly session: string; readonly attempts: readonly number[] } };
  orders: { key: number; value: OrderRecord; indexes: { name: string } };
  /** Where each unit of a work order stands: what its entries say, at a glance. */
  units: { key: [number, string]; value: UnitRow; indexes: { state: [number, string] } };
  /** Empty, but for a moment at the start of a page (ballast.ts). */
  ballast: { key: number; value: Uint8Array };
  /** By service. */
  trust: { key: string; value: TrustRecord };
}

export type Store = StoreNames<Schema>;
export type Transaction<M extends 'readonly' | 'readwrite'> = IDBPTransaction<Schema, Store[], M>;

export const STATION = 'keyferry';

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
    await explained(database.#connection());
    return database;
  }

  /**
   * All of `body` or nothing; a write is on disk when this resolves, or with `relaxed` in the operating system's hands: a power cut may
   * take back the last of those. @throws ProtocolError journal-full, journal-failed
   */
  async run<M extends 'readonly' | 'readwrite', T>(
    stores: Store[],
    mode: M,
    body: (transaction: Transaction<M>) => Promise<T>,
    durability: 'strict' | 'relaxed' = 'strict',
  ): Promise<T> {
    return await explained(this.#run(stores, mode, body, durability));
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
    durability: 'strict' | 'relaxed',
  ): Promise<T> {
    const db = await this.#connection();
    const transaction = db.transaction(stores, mode, { durability });
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
      if (!isOver) giveUp(transaction);
      await over.catch(() => undefined);
      throw transaction.error ?? error; // the browser's reason, where it was the one that gave up
    }
  }

  #connection(): Promise<IDBPDatabase<Schema>> {
    if (this.#superseded) throw new ProtocolError('journal-elsewhere', 'another tab runs a newer version of this page');
    if (this.#db === undefined) {
      this.#db = this.#connect();
      this.#db.catch(() => {
        this.#db = undefined;
      });
    }
    return this.#db;
  }

  async #connect(): Promise<IDBPDatabase<Schema>> {
    const request = this.#factory.open(STATION, UPGRADES.length);
    request.onupgradeneeded = ({ oldVersion }) => {
      const { result, transaction } = request;
      if (transaction) void upgradeFrom(oldVersion, result, transaction);
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
}

function giveUp(transaction: { abort(): void }): void {
  try {
    transaction.abort();
  } catch (cause) {
    if (!(cause instanceof DOMException)) throw cause; // it is being committed or undone already
  }
}

/** One function after the other; a failure undoes them all, and the opening fails with the browser's reason. */
async function upgradeFrom(version: number, raw: IDBDatabase, transaction: IDBTransaction): Promise<void> {
  const db = wrap(raw) as IDBPDatabase<unknown>;
  const wrapped = wrap(transaction) as unknown as IDBPTransaction<unknown, string[], 'versionchange'>;
  wrapped.done.catch(() => undefined); // the opening tells it
  try {
    for (const upgrade of UPGRADES.slice(version)) await upgrade(db, wrapped);
  } catch (cause) {
    giveUp(transaction);
    if (!(cause instanceof DOMException)) throw cause;
  }
}
