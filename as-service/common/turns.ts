// Interrupts a long computation, so that other requests, timers and signals get turns of the event
// loop.
import { setImmediate } from 'node:timers/promises';

export class Turns {
  readonly #itemsPerTurn: number;
  #count = 0;

  constructor(itemsPerTurn: number) {
    this.#itemsPerTurn = itemsPerTurn;
  }

  /** Counts one item. Waits for one turn of the event loop after every `itemsPerTurn` items. */
  async next(): Promise<void> {
    if (++this.#count % this.#itemsPerTurn === 0) await setImmediate();
  }
}
