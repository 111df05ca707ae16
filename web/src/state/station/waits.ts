// Reports and ends the waits of one lane before a request that got no answer is sent to the AS
// again.
import type { Wait } from '../../as-client/retry.ts';
import { type LoadSource, limitConcurrency, type Semaphore } from '../session/semaphore.ts';

export class Waits {
  #waiting: AbortController | undefined;

  /** Returns the same AS. Calls `onWait` for each wait, which stop() ends. */
  watch(source: LoadSource, semaphore: Semaphore, onWait: (wait: Wait | undefined) => void): LoadSource {
    const waiting = new AbortController();
    this.#waiting = waiting;
    return limitConcurrency(source, semaphore, { onWait, signal: waiting.signal });
  }

  stop(): void {
    this.#waiting?.abort();
  }
}
