// Stores the station's work orders. Reads their units by key range, so that the time to read a few
// rows does not depend on the size of the order. journal.ts writes the rows.
import { type Batch, type ChainBreak, EMPTY_CHAIN, type EntryKey, type Tail, verifyBatch } from './chain.ts';
import type { Database, Transaction } from './database.ts';
import { isSameRecord } from './indexed-db.ts';
import {
  type EndedAs,
  type ListedState,
  listedState,
  type OrderRecord,
  UNIT_STATES,
  type UnitRow,
  type UnitState,
} from './order-record.ts';

export type Counts = Readonly<Record<ListedState, number>>;

/** Maximum number of batches in memory while a chain is verified. */
const CHAIN_PAGE = 200;
/** Maximum number of rows in memory while all rows are read. */
const ROW_PAGE = 1000;

/** Every method may reject with ProtocolError journal-full or journal-failed. */
export class WorkOrderStore {
  readonly #database: Database;
  readonly #now: () => Date;

  constructor(database: Database, now: () => Date) {
    this.#database = database;
    this.#now = now;
  }

  /** Stores the order. If an order with this name is stored already, replaces its document. */
  save(name: string, document: string): Promise<OrderRecord> {
    return this.#write(async (transaction) => {
      const store = transaction.objectStore('orders');
      const existing = await store.index('name').get(name);
      if (existing) {
        const record = { ...existing, document };
        await store.put(record);
        return record;
      }
      const record = { name, document, openedAt: this.#now().toISOString() };
      const order = await store.add(record as OrderRecord); // the database assigns `order`
      return { ...record, order };
    });
  }

  /** Stores the report of a closed order. @throws RangeError if the order is unknown */
  close(orderChain: number, report: string): Promise<void> {
    return this.#change(orderChain, { report, endedAs: 'closed' });
  }

  /** Records that the AS has ended the order. @throws RangeError if the order is unknown */
  end(orderChain: number, endedAs: EndedAs): Promise<void> {
    return this.#change(orderChain, { endedAs });
  }

  async #change(orderChain: number, change: Partial<OrderRecord>): Promise<void> {
    await this.#write(async (transaction) => {
      const store = transaction.objectStore('orders');
      const record = await store.get(orderChain);
      if (!record) throw new RangeError(`there is no order ${orderChain}`);
      const changed = { ...record, ...change };
      await store.put(changed);
      return changed;
    });
  }

  /** Writes the record of one order. Repeats the transaction if the browser aborts it. */
  #write(write: (transaction: Transaction<'readwrite'>) => Promise<OrderRecord>): Promise<OrderRecord> {
    return this.#database.write(['orders'], write, {
      isOnDisk: async (transaction, written) =>
        isSameRecord(await transaction.objectStore('orders').get(written.order), written),
    });
  }

  /** Returns all orders, newest first. */
  list(): Promise<readonly OrderRecord[]> {
    return this.#database.read(['orders'], async (transaction) =>
      (await transaction.objectStore('orders').getAll()).reverse(),
    );
  }

  unit(orderChain: number, sn: string): Promise<UnitRow | undefined> {
    return this.#database.read(['units'], (transaction) => transaction.objectStore('units').get([orderChain, sn]));
  }

  /** Returns the row of each unit, in the sequence of `sns`. Reads all rows in one transaction. */
  rowsOf(orderChain: number, sns: readonly string[]): Promise<readonly (UnitRow | undefined)[]> {
    return this.#database.read(['units'], (transaction) => {
      const store = transaction.objectStore('units');
      return Promise.all(sns.map((sn) => store.get([orderChain, sn])));
    });
  }

  /** Returns at most `limit` existing rows with SN from `from` to `to` inclusive, ascending. */
  units(orderChain: number, from: string, to: string, limit: number): Promise<readonly UnitRow[]> {
    const range = IDBKeyRange.bound([orderChain, from], [orderChain, to]);
    return this.#database.read(['units'], (transaction) => transaction.objectStore('units').getAll(range, limit));
  }

  /** Yields every row, by ascending SN. Reads ROW_PAGE rows at a time. */
  async *all(orderChain: number): AsyncGenerator<UnitRow, void, void> {
    for (let from = ''; ; ) {
      const rows = await this.units(orderChain, from, '\uffff', ROW_PAGE);
      yield* rows;
      const last = rows.at(-1);
      if (last === undefined || rows.length < ROW_PAGE) return;
      from = `${last.sn}0`; // greater than the last SN, less than the next
    }
  }

  /** Returns at most `limit` rows of one state with SN greater than `after`, ascending. */
  unitsIn(orderChain: number, state: ListedState, limit: number, after = ''): Promise<readonly UnitRow[]> {
    const stored: UnitState = state === 'aside' ? 'failed' : state;
    return this.#database.read(['units'], async (transaction) => {
      const rows: UnitRow[] = [];
      const index = transaction.objectStore('units').index('state');
      let cursor = await index.openCursor(IDBKeyRange.only([orderChain, stored]));
      if (cursor && after !== '')
        cursor = await cursor.continuePrimaryKey([orderChain, stored], [orderChain, `${after}\uffff`]);
      for (; cursor && rows.length < limit; cursor = await cursor.continue())
        if (listedState(cursor.value) === state) rows.push(cursor.value);
      return rows;
    });
  }

  counts(orderChain: number): Promise<Counts> {
    return this.#database.read(['units'], async (transaction) => {
      const index = transaction.objectStore('units').index('state');
      const counted = UNIT_STATES.map(
        async (state) => [state, await index.count(IDBKeyRange.only([orderChain, state]))] as const,
      );
      const counts = Object.fromEntries(await Promise.all(counted)) as Record<UnitState, number>;
      const failed = counts.failed === 0 ? [] : await index.getAll(IDBKeyRange.only([orderChain, 'failed']));
      const aside = failed.filter((row) => row.aside).length;
      return { ...counts, failed: counts.failed - aside, aside };
    });
  }

  /**
   * Returns the first invalid entry of the order's chain, if any. Reads CHAIN_PAGE batches at a
   * time.
   */
  async check(orderChain: number): Promise<ChainBreak | undefined> {
    let tail: Tail = EMPTY_CHAIN;
    for (let from = 0; ; ) {
      const page = await this.#page(orderChain, from);
      for (const { key, batch } of page) {
        const next = verifyBatch(tail, key, batch);
        if ('reason' in next) return next;
        tail = next;
        from = key[1] + 1;
      }
      if (page.length < CHAIN_PAGE) return undefined;
    }
  }

  #page(chain: number, from: number): Promise<readonly { readonly key: EntryKey; readonly batch: Batch }[]> {
    const range = IDBKeyRange.bound([chain, from], [chain, Number.POSITIVE_INFINITY]);
    return this.#database.read(['batches'], async (transaction) => {
      const store = transaction.objectStore('batches');
      const [keys, batches] = await Promise.all([store.getAllKeys(range, CHAIN_PAGE), store.getAll(range, CHAIN_PAGE)]);
      return batches.flatMap((batch, index) => {
        const key = keys[index];
        return key ? [{ key, batch }] : [];
      });
    });
  }
}
