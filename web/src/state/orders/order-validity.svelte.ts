// Whether the validity period of a work order has begun or ended, by the time of the AS
// (web/src/state/session/as-clock.svelte.ts). The value changes only in check(), so that the screen
// and the run use the same value.
import { timeOf, type WorkOrder } from '#protocol/orders/order.ts';

export class OrderValidity {
  #time: ReturnType<typeof timeOf> = $state.raw('now');
  readonly #order: WorkOrder;
  readonly #now: () => Date;

  constructor(order: WorkOrder, now: () => Date) {
    this.#order = order;
    this.#now = now;
    this.check();
  }

  get time(): ReturnType<typeof timeOf> {
    return this.#time;
  }

  /** Reads the clock. Returns whether the period has begun or ended since the last check. */
  check(): boolean {
    const before = this.#time;
    this.#time = timeOf(this.#order, this.#now().toISOString());
    return this.#time !== before;
  }
}
