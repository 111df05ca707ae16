// Mutual exclusion between asynchronous actions, in the order of their calls.
// Used by every party that must not interleave two changes of the same state.

/** Runs one action at a time; an action that fails does not stop the ones after it. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve();

  /** Resolves or rejects as `action` does, which starts when all earlier ones have ended. */
  run<Result>(action: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(action, action);
    this.#last = result;
    return result;
  }

  /** Resolves when every action that was queued before this call has ended. */
  idle(): Promise<void> {
    const done = (): void => undefined;
    return this.#last.then(done, done);
  }
}

/** One mutex per key. Forgets a key when its last action has ended. */
export class KeyedMutex {
  readonly #mutexes = new Map<string, { readonly mutex: Mutex; users: number }>();

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
