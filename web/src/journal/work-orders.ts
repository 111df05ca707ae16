// The work orders that this station holds and where their units stand, read by range of keys: a page of a list of thousands costs no more than its rows.
// What is written about a unit goes through the journal. Knows nothing of the document's meaning.
import { type Batch, type Break, type EntryKey, follow, NO_TAIL, type Tail } from './chain.ts';
import type { Database } from './database.ts';
import { type OrderRecord, UNIT_STATES, type UnitRow, type UnitState } from './order-record.ts';

export type Counts = Readonly<Record<UnitState, number>>;

/** So many batches of a chain are in memory at once while it is looked through. */
const CHAIN_PAGE = 200;
const ROW_PAGE = 1000;

/** Every method throws ProtocolError journal-full, journal-failed. */
export class WorkOrderStore {
  readonly #database: Database;
  readonly #now: () => Date;

  constructor(database: Database, now: () => Date) {
    this.#database = database;
    this.#now = now;
  }

  /** The order of that name, held from now on; a newer document of it takes the place of the former. */
  hold(name: string, document: string): Promise<OrderRecord> {
    return this.#database.run(['orders'], 'readwrite', async (transaction) => {
      const store = transaction.objectStore('orders');
      const held = await store.index('name').get(name);
      if (held) {
        const record = { ...held, document };
        await store.put(record);
        return record;
      }
      const record = { name, document, openedAt: this.#now().toISOString() };
      const order = await store.add(record as OrderRecord); // the store gives the number
      return { ...record, order };
    });
  }

  /** Keeps the report that closed it. */
  close(order: number, report: string): Promise<void> {
    return this.#database.run(['orders'], 'readwrite', async (transaction) => {
      const store = transaction.objectStore('orders');
      const held = await store.get(order);
      if (!held) throw new RangeError(`there is no order ${order}`);
      await store.put({ ...held, report });
    });
  }

  /** Newest first. */
  list(): Promise<readonly OrderRecord[]> {
    return this.#database.run(['orders'], 'readonly', async (transaction) =>
      (await transaction.objectStore('orders').getAll()).reverse(),
    );
  }

  unit(order: number, sn: string): Promise<UnitRow | undefined> {
    return this.#database.run(['units'], 'readonly', (transaction) =>
      transaction.objectStore('units').get([order, sn]),
    );
  }

  /** As all of them were at one moment, in the order asked. */
  rowsOf(order: number, sns: readonly string[]): Promise<readonly (UnitRow | undefined)[]> {
    return this.#database.run(['units'], 'readonly', (transaction) => {
      const store = transaction.objectStore('units');
      return Promise.all(sns.map((sn) => store.get([order, sn])));
    });
  }

  /** The rows that there are from one SN to another, both included, at most `limit`, ascending. */
  units(order: number, from: string, to: string, limit: number): Promise<readonly UnitRow[]> {
    const range = IDBKeyRange.bound([order, from], [order, to]);
    return this.#database.run(['units'], 'readonly', (transaction) =>
      transaction.objectStore('units').getAll(range, limit),
    );
  }

  /** Every row of the order, ascending, a page at a time. */
  async *all(order: number): AsyncGenerator<UnitRow, void, void> {
    for (let from = ''; ; ) {
      const rows = await this.units(order, from, '\uffff', ROW_PAGE);
      yield* rows;
      const last = rows.at(-1);
      if (last === undefined || rows.length < ROW_PAGE) return;
      from = `${last.sn}0`; // what comes after it
    }
  }

  /** The rows of one state whose SN comes after `after`, at most `limit`, ascending. */
  unitsIn(order: number, state: UnitState, limit: number, after = ''): Promise<readonly UnitRow[]> {
    return this.#database.run(['units'], 'readonly', async (transaction) => {
      const rows: UnitRow[] = [];
      const index = transaction.objectStore('units').index('state');
      let cursor = await index.openCursor(IDBKeyRange.only([order, state]));
      if (cursor && after !== '') cursor = await cursor.continuePrimaryKey([order, state], [order, `${after}\uffff`]);
      for (; cursor && rows.length < limit; cursor = await cursor.continue()) rows.push(cursor.value);
      return rows;
    });
  }

  counts(order: number): Promise<Counts> {
    return this.#database.run(['units'], 'readonly', async (transaction) => {
      const index = transaction.objectStore('units').index('state');
      const counted = UNIT_STATES.map(
        async (state) => [state, await index.count(IDBKeyRange.only([order, state]))] as const,
      );
      return Object.fromEntries(await Promise.all(counted)) as Counts;
    });
  }

  /** Where the chain of an order's entries does not hold; undefined when it does. A page of them at a time. */
  async check(order: number): Promise<Break | undefined> {
    let tail: Tail = NO_TAIL;
    for (let from = 0; ; ) {
      const page = await this.#page(order, from);
      for (const { key, batch } of page) {
        const next = follow(tail, key, batch);
        if ('why' in next) return next;
        tail = next;
        from = key[1] + 1;
      }
      if (page.length < CHAIN_PAGE) return undefined;
    }
  }

  #page(chain: number, from: number): Promise<readonly { readonly key: EntryKey; readonly batch: Batch }[]> {
    const range = IDBKeyRange.bound([chain, from], [chain, Number.POSITIVE_INFINITY]);
    return this.#database.run(['batches'], 'readonly', async (transaction) => {
      const store = transaction.objectStore('batches');
      const [keys, batches] = await Promise.all([store.getAllKeys(range, CHAIN_PAGE), store.getAll(range, CHAIN_PAGE)]);
      return batches.flatMap((batch, index) => {
        const key = keys[index];
        return key ? [{ key, batch }] : [];
      });
    });
  }
}
