// Reports the waits of one lane, and can end them. A wait is the time until a request that got no
// answer is sent to the AS again (web/src/as-client/retry.ts).
import type { Wait } from '../../as-client/retry.ts';
import { type LoadSource, limitConcurrency, type Semaphore } from '../session/semaphore.ts';

export class Waits {
  #waiting: AbortController | undefined;

  /**
   * Wraps `source` so that `semaphore` limits the number of concurrent requests. Calls `onWait`
   * when a wait begins, and with undefined when it ends.
   */
  watch(source: LoadSource, semaphore: Semaphore, onWait: (wait: Wait | undefined) => void): LoadSource {
    const waiting = new AbortController();
    this.#waiting = waiting;
    return limitConcurrency(source, semaphore, { onWait, signal: waiting.signal });
  }

  stop(): void {
    this.#waiting?.abort();
  }
}
