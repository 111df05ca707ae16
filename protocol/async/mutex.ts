// Mutual exclusion between asynchronous actions, in the order of their calls.
// AS core, service and page use it where two changes of one state must not interleave.

/** Runs one action at a time. A failed action does not stop the ones queued behind it. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Starts `action` when all earlier ones have ended, and returns its result or rejects with its
   * error.
   */
  run<Result>(action: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(action, action);
    this.#last = result;
    return result;
  }

  /** Resolves when every action queued before this call has ended. Never rejects. */
  idle(): Promise<void> {
    const done = (): void => undefined;
    return this.#last.then(done, done);
  }
}

/** One mutex per key. An entry is deleted when the last action of its key has ended. */
export class KeyedMutex {
  readonly #mutexes = new Map<string, { readonly mutex: Mutex; users: number }>();

  /** Number of keys with a running or waiting action. */
  get size(): number {
    return this.#mutexes.size;
  }

  async run<Result>(key: string, action: () => Promise<Result>): Promise<Result> {
    const entry = this.#mutexes.get(key) ?? { mutex: new Mutex(), users: 0 };
    this.#mutexes.set(key, entry);
    entry.users++;
    try {
      return await entry.mutex.run(action);
    } finally {
      entry.users--;
      if (entry.users === 0) this.#mutexes.delete(key);
    }
  }
}
