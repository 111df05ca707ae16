// Stores the pinned root key and the newest audit head of one AS in the station's database.
// Implements TrustStore of as-client/trust.ts.
import type { Database, Transaction } from '../journal/database.ts';
import type { StoredHead, TrustRecord } from '../journal/trust-record.ts';

/** Every method may reject with ProtocolError journal-full or journal-failed. */
export class StationTrustStore {
  readonly #database: Database;
  readonly #service: string;
  readonly #now: () => Date;

  constructor(database: Database, service: string, now: () => Date) {
    this.#database = database;
    this.#service = service;
    this.#now = now;
  }

  read(): Promise<TrustRecord | undefined> {
    return this.#database.run(['trust'], 'readonly', (transaction) =>
      transaction.objectStore('trust').get(this.#service),
    );
  }

  /** Pins the root unless one is pinned already. Resolves with the pinned root. */
  pin(root: string): Promise<string> {
    return this.#database.run(['trust'], 'readwrite', async (transaction) => {
      const store = transaction.objectStore('trust');
      const record = await store.get(this.#service);
      if (record) return record.root;
      await store.add({ service: this.#service, root, pinnedAt: this.#now().toISOString() });
      return root;
    });
  }

  /**
   * Stores the head unless one with the same or a greater number is stored. Relaxed durability is
   * enough, because the journal stores the head too, with the step of the attempt.
   * @throws RangeError if no root is pinned
   */
  advance(head: StoredHead): Promise<void> {
    const write = async (transaction: Transaction<'readwrite'>): Promise<void> => {
      const store = transaction.objectStore('trust');
      const record = await store.get(this.#service);
      if (!record) throw new RangeError(`no root is pinned for ${this.#service}`);
      if (record.head === undefined || record.head.sequence < head.sequence) await store.put({ ...record, head });
    };
    return this.#database.run(['trust'], 'readwrite', write, 'relaxed');
  }

  /** Pins another root once the operator confirms that the AS was set up again. Drops the head. */
  replace(root: string): Promise<void> {
    return this.#database.run(['trust'], 'readwrite', async (transaction) => {
      const store = transaction.objectStore('trust');
      const previous = await store.get(this.#service);
      const now = this.#now().toISOString();
      const record: TrustRecord = { service: this.#service, root, pinnedAt: now };
      if (previous === undefined) return void (await store.add(record));
      const { service: _, former = [], ...replaced } = previous;
      await store.put({ ...record, former: [...former, { ...replaced, replacedAt: now }] });
    });
  }
}
