// How many questions an AS is asked at the same time: with eight units on the bench it is not swamped, and a card, which answers one at a time, is not
// queued for. First come, first served.
import type { Account } from './session.svelte.ts';

export class Semaphore {
  readonly #most: number;
  #inside = 0;
  readonly #waiting: (() => void)[] = [];

  /** @param most at least 1 */
  constructor(most: number) {
    if (most < 1) throw new RangeError('most is below 1');
    this.#most = most;
  }

  async pass<T>(act: () => Promise<T>): Promise<T> {
    if (this.#inside >= this.#most) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#inside++;
    try {
      return await act();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#inside--;
    }
  }
}

/** What a run asks of an AS. */
export type Asked = Pick<Account, 'exportKey' | 'verifyReceipt' | 'recallExport' | 'auditHead'>;

/** The same AS, asked through the gate. */
export function through(source: Asked, gate: Semaphore): Asked {
  const recallExport = source.recallExport?.bind(source);
  return {
    ...(recallExport ? { recallExport: (key) => gate.pass(() => recallExport(key)) } : {}),
    exportKey: (request) => gate.pass(() => source.exportKey(request)),
    verifyReceipt: (...receipt) => gate.pass(() => source.verifyReceipt(...receipt)),
    get auditHead() {
      return source.auditHead;
    },
  };
}
