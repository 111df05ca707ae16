// Whether a work order has begun, and is not over yet, by this station's clock: as of the last look, so that the screen and the lanes say the same.
import { timeOf, type WorkOrder } from '#protocol/orders/order.ts';

export class OrderValidity {
  time: ReturnType<typeof timeOf> = $state.raw('now');
  readonly #order: WorkOrder;
  readonly #now: () => Date;

  constructor(order: WorkOrder, now: () => Date) {
    this.#order = order;
    this.#now = now;
    this.look();
  }

  /** True iff it has begun, or is over, since the last look. */
  look(): boolean {
    const before = this.time;
    this.time = timeOf(this.#order, this.#now().toISOString());
    return this.time !== before;
  }
}
