// Stores the pinned root key and the newest audit head of one AS in the station's database.
// Implements TrustStore of as-client/trust.ts.
import type { Database, Transaction } from '../journal/database.ts';
import { isSameRecord, repeatAborted } from '../journal/indexed-db.ts';
import type { StoredHead, TrustRecord } from '../journal/unchained-records.ts';

/** Every method may reject with ProtocolError journal-full or journal-failed. */
export class StationTrustStore {
  readonly #database: Database;
  readonly #service: string;
  readonly #now: () => Date;
  /**
   * The record as last read or written. Written again if the browser deletes the database while
   * this page is open.
   */
  #known: TrustRecord | undefined;

  constructor(database: Database, service: string, now: () => Date) {
    this.#database = database;
    this.#service = service;
    this.#now = now;
  }

  async read(): Promise<TrustRecord | undefined> {
    const stored = await this.#run('readonly', (transaction) => transaction.objectStore('trust').get(this.#service));
    this.#known = stored ?? this.#known;
    return this.#known;
  }

  /** Pins the root unless one is pinned already. Resolves with the pinned root. */
  async pin(root: string): Promise<string> {
    const pinned = await this.#run('readwrite', async (transaction) => {
      const store = transaction.objectStore('trust');
      const stored = await store.get(this.#service);
      if (stored) return stored;
      const record = this.#known ?? { service: this.#service, root, pinnedAt: this.#now().toISOString() };
      await store.add(record);
      return record;
    });
    return pinned.root;
  }

  /**
   * Stores the head unless one with the same or a greater number is stored. Relaxed durability is
   * enough, because the journal stores the head too, with the step of the attempt.
   * @throws RangeError if no root is pinned
   */
  async advance(head: StoredHead): Promise<void> {
    const write = async (transaction: Transaction<'readwrite'>): Promise<TrustRecord> => {
      const store = transaction.objectStore('trust');
      const stored = await store.get(this.#service);
      const record = stored ?? this.#known;
      if (!record) throw new RangeError(`no root is pinned for ${this.#service}`);
      const isNewer = record.head === undefined || record.head.sequence < head.sequence;
      const next = isNewer ? { ...record, head } : record;
      if (isNewer || !stored) await store.put(next);
      return next;
    };
    this.#known = await this.#run('readwrite', write, 'relaxed');
  }

  /**
   * Pins another root after the operator has confirmed that the AS was set up again. The new record
   * has no audit head.
   */
  async replace(root: string): Promise<void> {
    const now = this.#now().toISOString();
    this.#known = await this.#run('readwrite', async (transaction) => {
      const store = transaction.objectStore('trust');
      const previous = (await store.get(this.#service)) ?? this.#known;
      const record: TrustRecord = { service: this.#service, root, pinnedAt: now };
      const { service: _, former = [], ...replaced } = previous ?? record;
      const next = previous ? { ...record, former: [...former, { ...replaced, replacedAt: now }] } : record;
      await store.put(next);
      return next;
    });
  }

  /**
   * Runs a transaction, and repeats it if the browser closes the database or aborts it. `write`
   * resolves with the record that the database then contains.
   */
  #run<M extends 'readonly' | 'readwrite', T extends TrustRecord | undefined>(
    mode: M,
    write: (transaction: Transaction<M>) => Promise<T>,
    durability?: 'relaxed',
  ): Promise<T> {
    return repeatAborted<Transaction<M>, T>({
      run: (body) => this.#database.run(['trust'], mode, body, durability),
      write,
      isOnDisk: async (transaction, written) =>
        isSameRecord(await transaction.objectStore('trust').get(this.#service), written),
    });
  }
}
