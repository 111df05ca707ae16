// The list of all units of a work order with their rows. Only the visible rows are in memory: the
// order provides the serial numbers, the journal the rows.
import type { UnitRange } from '#protocol/orders/units.ts';
import type { ListedState } from '../../journal/order-record.ts';
import type { WorkOrderStore } from '../../journal/work-orders.ts';
import { type Failure, failureOf } from '../common/failure.ts';
import { UnitIndex } from './unit-index.ts';
import { type ReportedUnits, type UnitFacts, unitState } from './unit-state.ts';

export interface TableRow extends UnitFacts {
  readonly sn: string;
}

/** Maximum number of rows in the list while a filter is set. */
const MAX_FILTERED = 500;

export interface UnitTableOptions {
  /** Number of the order's hash chain in the journal. */
  readonly chain: number;
  readonly ranges: readonly UnitRange[];
  readonly store: Pick<WorkOrderStore, 'units' | 'unitsIn'>;
  /** Serial numbers of the units that are done at another station. */
  readonly elsewhere: () => ReadonlySet<string>;
  /** The units of the report; empty until the order is closed. */
  readonly reported: () => ReportedUnits;
}

export class UnitTable {
  #filter = $state.raw<ListedState | undefined>();
  #rows = $state.raw<readonly TableRow[]>([]);
  #first = $state.raw(0);
  #count = $state.raw(0);
  #failure = $state.raw<Failure | undefined>();

  readonly #options: UnitTableOptions;
  readonly #index: UnitIndex;
  #window: readonly [from: number, to: number] = [0, 0];
  #filtered: readonly TableRow[] = [];
  #failed: readonly string[] = [];
  #isReading = false;
  #isStale = false;

  constructor(options: UnitTableOptions) {
    this.#options = options;
    this.#index = new UnitIndex(options.ranges);
    this.#count = this.#index.count;
  }

  /** The state whose units are listed; undefined lists all units. */
  get filter(): ListedState | undefined {
    return this.#filter;
  }

  /** The rows of the window, which is the visible part of the list. */
  get rows(): readonly TableRow[] {
    return this.#rows;
  }

  /** Index of the first row of the window. */
  get first(): number {
    return this.#first;
  }

  /** Number of units in the list, at most 500 while a filter is set. */
  get count(): number {
    return this.#count;
  }

  /** Why the journal could not be read; undefined if it could. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  async choose(filter: ListedState | undefined): Promise<void> {
    this.#filter = filter;
    this.#window = [0, this.#window[1] - this.#window[0]];
    await this.refresh();
  }

  /** Moves the window to the rows `from` to `to` - 1. */
  async show(from: number, to: number): Promise<void> {
    this.#window = [from, to];
    await this.refresh();
  }

  /**
   * Reads the rows of the window again. All calls during a read cause one more read. `failed` are
   * the attached units that have no row and are shown as failed.
   */
  async refresh(failed = this.#failed): Promise<void> {
    this.#failed = failed;
    this.#isStale = true;
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#isStale) {
        this.#isStale = false;
        await this.#read();
      }
      this.#failure = undefined;
    } catch (error) {
      this.#failure = failureOf(error);
    } finally {
      this.#isReading = false;
    }
  }

  async #read(): Promise<void> {
    const filter = this.#filter;
    if (filter !== undefined) {
      this.#filtered = await this.#inState(filter);
      this.#count = this.#filtered.length;
    } else this.#count = this.#index.count;
    const from = Math.max(0, Math.min(this.#window[0], this.#count - 1));
    const to = Math.min(this.#window[1], this.#count);
    const rows = filter === undefined ? await this.#inRange(from, to) : this.#filtered.slice(from, to);
    this.#first = from;
    this.#rows = rows;
  }

  async #inState(state: ListedState): Promise<readonly TableRow[]> {
    const { store, chain, elsewhere, reported } = this.#options;
    if (reported().size > 0) return await this.#reportedIn(state);
    const stored = await store.unitsIn(chain, state, MAX_FILTERED);
    const rows = stored.map((row) => ({ sn: row.sn, row, isElsewhere: false }));
    const isElsewhere = state === 'done';
    const others = isElsewhere ? [...elsewhere()] : state === 'failed' ? this.#failed : [];
    return [...rows, ...others.map((sn) => ({ sn, row: undefined, isElsewhere }))].slice(0, MAX_FILTERED);
  }

  async #reportedIn(state: ListedState): Promise<readonly TableRow[]> {
    const { store, chain, reported } = this.#options;
    const found: TableRow[] = [];
    for (const [sn, unit] of reported()) {
      if (unit.outcome !== (state === 'aside' ? 'failed' : state)) continue;
      const [row] = await store.units(chain, sn, sn, 1);
      const facts = { sn, row, isElsewhere: false, reported: unit };
      if (unitState(facts) === state) found.push(facts);
      if (found.length === MAX_FILTERED) break;
    }
    return found;
  }

  async #inRange(from: number, to: number): Promise<readonly TableRow[]> {
    if (to <= from) return [];
    const { store, chain, elsewhere, reported } = this.#options;
    const sns = Array.from({ length: to - from }, (_, offset) => this.#index.at(from + offset));
    const [first = '', last = ''] = [sns[0], sns.at(-1)];
    const stored = await store.units(chain, first, last, sns.length);
    const rows = new Map(stored.map((row) => [row.sn, row]));
    return sns.map((sn) => {
      const row = rows.get(sn);
      return { sn, row, isElsewhere: row === undefined && elsewhere().has(sn), reported: reported().get(sn) };
    });
  }
}
