// The clock of the simulated devices: real time in a page, virtual time in a test.

/** Cancels a pending `after`. Has no effect once the action has run. */
export type Cancel = () => void;

export interface Clock {
  /** Returns the milliseconds since a fixed moment. */
  now(): number;
  /** Runs the action once, after `ms` milliseconds. */
  after(ms: number, action: () => void): Cancel;
}

/** A clock on the timers of the platform. */
export const realClock: Clock = {
  now: () => performance.now(),
  after(ms, action) {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms` milliseconds. Sets no timer if `ms` is 0 or less. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  if (ms <= 0) return Promise.resolve();
  return new Promise((resolve) => clock.after(ms, resolve));
}

interface PendingTimer {
  readonly at: number;
  readonly action: () => void;
}

/** A clock that a test advances. */
export class VirtualClock implements Clock {
  #now = 0;
  readonly #timers = new Set<PendingTimer>();

  now(): number {
    return this.#now;
  }

  after(ms: number, action: () => void): Cancel {
    const timer: PendingTimer = { at: this.#now + Math.max(0, ms), action };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /**
   * Advances to the next timer that is due at `end` or before and runs its action. Returns false if
   * there is none.
   */
  runNext(end = Number.POSITIVE_INFINITY): boolean {
    const next = this.#next(end);
    if (next === undefined) return false;
    this.#timers.delete(next);
    this.#now = next.at;
    next.action();
    return true;
  }

  /**
   * Advances by `ms`. Runs the due timers in order of time. After each timer, waits until the
   * promise callbacks that it queued have run.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    while (this.runNext(end)) await settled();
    this.#now = end;
  }

  #next(end: number): PendingTimer | undefined {
    let first: PendingTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.at <= end && (first === undefined || timer.at < first.at)) first = timer;
    }
    return first;
  }
}

/** Resolves one turn of the event loop later, when the promise callbacks queued so far have run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
