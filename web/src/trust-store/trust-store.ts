// Stores the pinned root key and the newest audit head of one AS in the station's database.
// Implements TrustStore of as-client/trust.ts.
import type { Database, Transaction, WriteOptions } from '../journal/database.ts';
import { isSameRecord } from '../journal/indexed-db.ts';
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
    const stored = await this.#database.read(['trust'], (transaction) =>
      transaction.objectStore('trust').get(this.#service),
    );
    this.#known = stored ?? this.#known;
    return this.#known;
  }

  /** Pins the root unless one is pinned already. Resolves with the pinned root. */
  async pin(root: string): Promise<string> {
    const pinned = await this.#write(async (transaction) => {
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
    this.#known = await this.#write(write, { durability: 'relaxed' });
  }

  /**
   * Pins another root after the operator has confirmed that the AS was set up again. The new record
   * has no audit head.
   */
  async replace(root: string): Promise<void> {
    const now = this.#now().toISOString();
    const write = async (transaction: Transaction<'readwrite'>): Promise<TrustRecord> => {
      const store = transaction.objectStore('trust');
      const previous = (await store.get(this.#service)) ?? this.#known;
      const record: TrustRecord = { service: this.#service, root, pinnedAt: now };
      const { service: _, former = [], ...replaced } = previous ?? record;
      const next = previous ? { ...record, former: [...former, { ...replaced, replacedAt: now }] } : record;
      await store.put(next);
      return next;
    };
    // Another tab may have changed the record since an earlier try wrote it.
    const isOnDisk = async (transaction: Transaction<'readwrite'>): Promise<boolean> => {
      const stored = await transaction.objectStore('trust').get(this.#service);
      const records = stored ? [stored, ...(stored.former ?? [])] : [];
      return records.some((each) => each.root === root && each.pinnedAt === now);
    };
    this.#known = await this.#write(write, { isOnDisk });
  }

  /** Runs a transaction. `write` resolves with the record as the database then has it. */
  #write(
    write: (transaction: Transaction<'readwrite'>) => Promise<TrustRecord>,
    options: WriteOptions<TrustRecord> = {},
  ): Promise<TrustRecord> {
    return this.#database.write(['trust'], write, {
      isOnDisk: async (transaction, written) =>
        isSameRecord(await transaction.objectStore('trust').get(this.#service), written),
      ...options,
    });
  }
}
