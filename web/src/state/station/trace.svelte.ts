// The newest exchanges with one unit, already redacted by the transport
// (web/src/transport/trace.ts).
import type { Exchange } from '../../transport/trace.ts';

export type { Exchange } from '../../transport/trace.ts';

const MAX_EXCHANGES = 200;

export class Trace {
  #exchanges = $state.raw<readonly Exchange[]>([]);

  /** Oldest first, at most 200. */
  get exchanges(): readonly Exchange[] {
    return this.#exchanges;
  }

  /**
   * Puts the exchanges of `before` first. `before` is the trace of the same unit before it was
   * plugged in again.
   */
  continue(before: Trace): void {
    this.#exchanges = [...before.exchanges, ...this.#exchanges].slice(-MAX_EXCHANGES);
  }

  readonly add = (exchange: Exchange): void => {
    this.#exchanges = [...this.#exchanges.slice(1 - MAX_EXCHANGES), exchange];
  };
}
