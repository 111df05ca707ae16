// Limits the number of concurrent requests to one AS. Many lanes would otherwise flood a service,
// and a card answers one command at a time.
import { ProtocolError } from '#protocol/errors.ts';
import type { KeySource } from '#protocol/provisioning/key-source.ts';
import type { RetryWatch } from '../../as-client/retry.ts';
import type { Account } from './session.svelte.ts';

/** Maximum number of concurrent requests to the AS, over all lanes of the page. */
export const MAX_REQUESTS = 8;

/** Admits at most `limit` actions at a time, in the order of their calls. */
export class Semaphore {
  readonly #limit: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** @throws RangeError for a limit below 1 */
  constructor(limit: number) {
    if (limit < 1) throw new RangeError('the limit is below 1');
    this.#limit = limit;
  }

  /**
   * Runs `action` as soon as fewer than `limit` actions are running.
   * @throws ProtocolError cancelled, when `signal` aborts before the action is admitted
   */
  async run<T>(action: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#running >= this.#limit) await this.#wait(signal);
    else this.#running++;
    try {
      return await action();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }

  async #wait(signal?: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(admit), 1);
        reject(new ProtocolError('cancelled', 'stopped before the request'));
      };
      const admit = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      this.#waiting.push(admit);
      signal?.addEventListener('abort', leave);
      if (signal?.aborted) leave();
    });
  }
}

/** The part of an AS that a load uses. */
export type LoadSource = Pick<Account, 'exportKey' | 'verifyReceipt' | 'recallExport' | 'auditHead' | 'watched'>;

/**
 * Wraps the AS so that `semaphore` admits each try of a request. A request that waits before its
 * next try is not counted, so it delays no other lane.
 */
export function limitConcurrency(
  account: LoadSource,
  semaphore: Semaphore,
  { onWait, signal }: Pick<RetryWatch, 'onWait' | 'signal'>,
): LoadSource {
  const admit: RetryWatch['admit'] = (action) => semaphore.run(action, signal);
  return {
    ...(account.watched?.({ onWait, signal, admit }) ?? admitted(account, admit)),
    get auditHead() {
      return account.auditHead;
    },
  };
}

/**
 * Returns a KeySource that sends each request once, when `admit` permits it. Used for vaults and
 * cards, which need no retry.
 */
function admitted(account: LoadSource, admit: RetryWatch['admit']): KeySource {
  const recallExport = account.recallExport?.bind(account);
  return {
    ...(recallExport ? { recallExport: (key) => admit(() => recallExport(key)) } : {}),
    exportKey: (request) => admit(() => account.exportKey(request)),
    verifyReceipt: (...receipt) => admit(() => account.verifyReceipt(...receipt)),
  };
}
