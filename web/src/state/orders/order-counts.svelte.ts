// Counts the units of one work order by state: those with a row in the journal of this station, and
// those that the AS lists as done by another station.
import type { WorkOrder } from '#protocol/orders/order.ts';
import { listedState, type UnitRow } from '../../journal/order-record.ts';
import type { Counts } from '../../journal/work-orders.ts';
import type { OrderProgress } from '../station/unit-loader.ts';

export class OrderCounts {
  #here: Counts = $state.raw() as Counts;
  #elsewhere: ReadonlySet<string> = $state.raw() as ReadonlySet<string>;
  readonly #order: WorkOrder;

  /** `elsewhere`: serial numbers of the units that the AS lists as done. */
  constructor(order: WorkOrder, here: Counts, elsewhere: ReadonlySet<string>) {
    this.#order = order;
    this.#here = here;
    this.#elsewhere = elsewhere;
  }

  /** Units with a row at this station, by state. */
  get here(): Counts {
    return this.#here;
  }

  /** Serial numbers of the units that are done and have no row at this station. */
  get elsewhere(): ReadonlySet<string> {
    return this.#elsewhere;
  }

  /** Units that are done, at any station. */
  get done(): number {
    return this.#here.done + this.#elsewhere.size;
  }

  get progress(): Omit<OrderProgress, 'isRunning'> {
    return { id: this.#order.id, done: this.done, total: this.#order.count, failed: this.#here.failed };
  }

  /** Units that have no row at this station and that the AS does not list as done. */
  get unseen(): number {
    const { running, failed, unknown, absent, aside } = this.#here;
    return Math.max(0, this.#order.count - running - this.done - failed - unknown - absent - aside);
  }

  /** Number of keys for all units that are neither done nor absent. */
  get keysToLoad(): number {
    return Math.max(0, this.#order.count - this.done - this.#here.absent - this.#here.aside) * this.#order.lines.length;
  }

  /** Replaces the counts of this station with those in the journal. */
  reset(here: Counts): void {
    this.#here = here;
  }

  /** Updates the counts after a change of a unit's row. */
  change(before: UnitRow | undefined, after: UnitRow): void {
    this.excludeElsewhere([after.sn]);
    const [from, to] = [before && listedState(before), listedState(after)];
    if (from === to) return;
    const here = { ...this.#here };
    if (from) here[from]--;
    here[to]++;
    this.#here = here;
  }

  /** Adds units that are done and have no row at this station. */
  addElsewhere(sns: readonly string[]): void {
    if (sns.every((sn) => this.#elsewhere.has(sn))) return;
    this.#elsewhere = new Set([...this.#elsewhere, ...sns]);
  }

  /**
   * Removes from `elsewhere` the units that have a row at this station. `rows` are all these rows.
   */
  async excludeStored(rows: AsyncIterable<UnitRow>): Promise<void> {
    const sns: string[] = [];
    if (this.#elsewhere.size === 0) return;
    for await (const { sn } of rows) sns.push(sn);
    this.excludeElsewhere(sns);
  }

  /** Removes these units, which have a row at this station, from `elsewhere`. */
  excludeElsewhere(sns: readonly string[]): void {
    if (!sns.some((sn) => this.#elsewhere.has(sn))) return;
    const elsewhere = new Set(this.#elsewhere);
    for (const sn of sns) elsewhere.delete(sn);
    this.#elsewhere = elsewhere;
  }
}
