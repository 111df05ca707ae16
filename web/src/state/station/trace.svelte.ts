// The conversation with one unit, redacted before it gets here; the newest stay.
import type { Exchange } from '../../transport/trace.ts';

export type { Exchange } from '../../transport/trace.ts';

const KEPT = 200;

export class Trace {
  exchanges = $state.raw<readonly Exchange[]>([]);

  /** What was said before, over another handle of the same unit. */
  continue(before: Trace): void {
    this.exchanges = [...before.exchanges, ...this.exchanges].slice(-KEPT);
  }

  readonly add = (exchange: Exchange): void => {
    this.exchanges = [...this.exchanges.slice(1 - KEPT), exchange];
  };
}
