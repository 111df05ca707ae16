// The units of a work order as a list of thousands of which a windowful is in memory: the order says which units there are, the journal where each stands.
import { hexNumber } from '#protocol/bytes/hex.ts';
import { spanOf, type UnitRange } from '#protocol/orders/units.ts';
import type { UnitRow, UnitState } from '../../journal/order-record.ts';
import type { WorkOrderStore } from '../../journal/work-orders.ts';
import { type Failure, failureOf } from '../common/failure.ts';

export interface TableRow {
  readonly sn: string;
  /** Undefined: not seen yet, at this station. */
  readonly row: UnitRow | undefined;
  /** Done by the AS's word, at another station. */
  readonly isElsewhere: boolean;
}

/** The serial numbers of an order by their place in it, without ever being written out. */
export class UnitIndex {
  readonly count: number;
  readonly #ranges: readonly UnitRange[];
  /** Place of each range's first unit. */
  readonly #starts: readonly number[];

  constructor(ranges: readonly UnitRange[]) {
    let count = 0;
    this.#starts = ranges.map((range) => {
      const start = count;
      count += Number(spanOf(range));
      return start;
    });
    this.#ranges = ranges;
    this.count = count;
  }

  /** @throws RangeError outside of 0 to count - 1 */
  at(place: number): string {
    let low = 0;
    for (let high = this.#starts.length; high - low > 1; ) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= place) low = middle;
      else high = middle;
    }
    const range = this.#ranges[low];
    if (range === undefined || place < 0 || place >= this.count) throw new RangeError(`there is no place ${place}`);
    const offset = BigInt(place - (this.#starts[low] ?? 0));
    return hexNumber(BigInt(`0x${range[0]}`) + offset, 32);
  }
}

/** So many rows of one state are shown at most: enough to work through, and no list of thousands. */
const MAX_FILTERED = 500;

export class UnitTable {
  /** Only the units of this state; undefined for all. */
  filter = $state.raw<UnitState | undefined>();
  /** Those that are in the window. */
  rows = $state.raw<readonly TableRow[]>([]);
  /** Place of the first of them. */
  first = $state.raw(0);
  count = $state.raw(0);
  failure = $state.raw<Failure | undefined>();

  readonly #order: number;
  readonly #index: UnitIndex;
  readonly #store: Pick<WorkOrderStore, 'units' | 'unitsIn'>;
  readonly #elsewhere: () => ReadonlySet<string>;
  #window: readonly [from: number, to: number] = [0, 0];
  #filtered: readonly TableRow[] = [];
  /** A reading is under way, and another one is wanted. */
  #reading = false;
  #again = false;

  /** `elsewhere`: the units without a row here that are done at another station. */
  constructor(
    order: number,
    ranges: readonly UnitRange[],
    store: Pick<WorkOrderStore, 'units' | 'unitsIn'>,
    elsewhere: () => ReadonlySet<string>,
  ) {
    this.#order = order;
    this.#index = new UnitIndex(ranges);
    this.#store = store;
    this.#elsewhere = elsewhere;
    this.count = this.#index.count;
  }

  async choose(filter: UnitState | undefined): Promise<void> {
    this.filter = filter;
    this.#window = [0, this.#window[1] - this.#window[0]];
    await this.refresh();
  }

  /** The rows from one place up to another, which is excluded. */
  async show(from: number, to: number): Promise<void> {
    this.#window = [from, to];
    await this.refresh();
  }

  /** What is in the window may have changed. Never two readings at once: the last wish counts. */
  async refresh(): Promise<void> {
    this.#again = true;
    if (this.#reading) return;
    this.#reading = true;
    try {
      while (this.#again) {
        this.#again = false;
        await this.#read();
      }
      this.failure = undefined;
    } catch (error) {
      this.failure = failureOf(error);
    } finally {
      this.#reading = false;
    }
  }

  async #read(): Promise<void> {
    const { filter } = this;
    if (filter !== undefined) {
      this.#filtered = await this.#inState(filter);
      this.count = this.#filtered.length;
    } else this.count = this.#index.count;
    const from = Math.max(0, Math.min(this.#window[0], this.count - 1));
    const to = Math.min(this.#window[1], this.count);
    const rows = filter === undefined ? await this.#listed(from, to) : this.#filtered.slice(from, to);
    this.first = from;
    this.rows = rows;
  }

  async #inState(state: UnitState): Promise<readonly TableRow[]> {
    const found = await this.#store.unitsIn(this.#order, state, MAX_FILTERED);
    const rows = found.map((row) => ({ sn: row.sn, row, isElsewhere: false }));
    const elsewhere = state === 'done' ? [...this.#elsewhere()] : [];
    return [...rows, ...elsewhere.map((sn) => ({ sn, row: undefined, isElsewhere: true }))].slice(0, MAX_FILTERED);
  }

  async #listed(from: number, to: number): Promise<readonly TableRow[]> {
    if (to <= from) return [];
    const numbers = Array.from({ length: to - from }, (_, offset) => this.#index.at(from + offset));
    const [first = '', last = ''] = [numbers[0], numbers.at(-1)];
    const found = await this.#store.units(this.#order, first, last, numbers.length);
    const known = new Map(found.map((row) => [row.sn, row]));
    return numbers.map((sn) => {
      const row = known.get(sn);
      return { sn, row, isElsewhere: row === undefined && this.#elsewhere().has(sn) };
    });
  }
}
