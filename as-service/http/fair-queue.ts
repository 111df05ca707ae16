// Limits how many actions run at a time. The operators take turns: next is the operator whose last turn
// is longest ago. So many requests of one operator do not delay the requests of another operator. A
// "name" here is that of an operator.
import { busy } from './answer.ts';

export interface QueueLimits {
  /** Maximum number of actions that run at a time, of all names and of one. */
  readonly running: number;
  readonly runningOfOne: number;
  /** Maximum number of actions that wait, of all names and of one. */
  readonly waiting: number;
  readonly waitingOfOne: number;
}

interface Share {
  running: number;
  /** Each function admits one action, oldest first. */
  readonly waiting: (() => void)[];
}

/** Time after which a refused client retries, in seconds. */
const RETRY_S = 1;

export class FairQueue {
  readonly #limits: QueueLimits;
  /** The names with actions. The next turn is that of the first name. */
  readonly #shares = new Map<string, Share>();
  #running = 0;
  #waiting = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Runs the action when its turn has come. @throws Problem too-many-requests (503) */
  async run<Result>(name: string, action: () => Promise<Result> | Result): Promise<Result> {
    await this.#enter(name);
    try {
      return await action();
    } finally {
      this.#leave(name);
    }
  }

  #enter(name: string): Promise<void> | undefined {
    const share = this.#shares.get(name) ?? { running: 0, waiting: [] };
    this.#shares.set(name, share);
    if (this.#running < this.#limits.running && share.running < this.#limits.runningOfOne) {
      this.#admit(name, share);
      return undefined;
    }
    const { waiting, waitingOfOne } = this.#limits;
    if (share.waiting.length >= waitingOfOne || this.#waiting >= waiting) {
      this.#forget(name, share);
      throw busy('The service has too many requests at the moment.', RETRY_S);
    }
    this.#waiting++;
    return new Promise((resolve) => {
      share.waiting.push(resolve);
    });
  }

  #leave(name: string): void {
    const share = this.#shares.get(name);
    if (share === undefined) throw new RangeError(`no action of ${name} runs`);
    share.running--;
    this.#running--;
    this.#forget(name, share);
    this.#admitNext();
  }

  #admitNext(): void {
    for (const [name, share] of this.#shares) {
      if (share.running >= this.#limits.runningOfOne) continue;
      const resolve = share.waiting.shift();
      if (resolve === undefined) continue;
      this.#waiting--;
      this.#admit(name, share);
      resolve();
      return;
    }
  }

  /** Counts an action as running, and moves its name behind all others. */
  #admit(name: string, share: Share): void {
    share.running++;
    this.#running++;
    this.#shares.delete(name);
    this.#shares.set(name, share);
  }

  #forget(name: string, { running, waiting }: Share): void {
    if (running === 0 && waiting.length === 0) this.#shares.delete(name);
  }
}
