// A lock for shared and exclusive actions. Exports take the lock shared. A change of the rules for
// exports takes it exclusively, so no export is in progress while the change is recorded.
import { Mutex } from '#protocol/async/mutex.ts';

export class SharedLock {
  readonly #mutex = new Mutex();
  readonly #shared = new Set<Promise<unknown>>();
  /**
   * Resolves when the exclusive action has ended. Undefined if no exclusive action waits or runs.
   */
  #exclusive: Promise<void> | undefined;

  /**
   * Runs an action, possibly at the same time as other shared actions. Waits first until no
   * exclusive action waits or runs.
   */
  async shared<Result>(action: () => Promise<Result>): Promise<Result> {
    while (this.#exclusive !== undefined) await this.#exclusive;
    const running = action();
    this.#shared.add(running);
    try {
      return await running;
    } finally {
      this.#shared.delete(running);
    }
  }

  /** Runs one action exclusively, after the running shared actions have ended. */
  exclusive<Result>(action: () => Promise<Result>): Promise<Result> {
    return this.#mutex.run(async () => {
      let end = () => {};
      this.#exclusive = new Promise((resolve) => {
        end = resolve;
      });
      try {
        await Promise.allSettled(this.#shared);
        return await action();
      } finally {
        this.#exclusive = undefined;
        end();
      }
    });
  }

  /** Resolves when every exclusive action queued before this call has ended. */
  idle(): Promise<void> {
    return this.#mutex.idle();
  }
}
