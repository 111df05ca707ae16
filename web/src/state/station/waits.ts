// The waits of one lane for the AS, before a request that got no answer is sent again.
import type { Wait } from '../../as-client/retry.ts';
import { type LoadSource, limitConcurrency, type Semaphore } from '../session/semaphore.ts';

export class Waits {
  #waiting: AbortController | undefined;

  /** The same AS, whose waits `onWait` shows and stop() ends. */
  watch(source: LoadSource, semaphore: Semaphore, onWait: (wait: Wait | undefined) => void): LoadSource {
    const waiting = new AbortController();
    this.#waiting = waiting;
    return limitConcurrency(source, semaphore, { onWait, signal: waiting.signal });
  }

  stop(): void {
    this.#waiting?.abort();
  }
}
