// Time as the simulated devices see it: handed in, so that a page runs in real time and a test in its own. Knows nothing of devices.

/** Undoes an `after` whose moment has not come; without effect otherwise. */
export type Cancel = () => void;

export interface Clock {
  /** Milliseconds since some fixed moment. */
  now(): number;
  /** Runs the action once, `ms` from now. */
  after(ms: number, action: () => void): Cancel;
}

/** The platform's own timers. */
export const realClock: Clock = {
  now: () => performance.now(),
  after(ms, action) {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves `ms` from now; at once, without a timer, for 0. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  if (ms <= 0) return Promise.resolve();
  return new Promise((resolve) => clock.after(ms, resolve));
}

interface Alarm {
  readonly at: number;
  readonly action: () => void;
}

/** A clock that stands still until it is told to go on. */
export class VirtualClock implements Clock {
  #now = 0;
  readonly #alarms = new Set<Alarm>();

  now(): number {
    return this.#now;
  }

  after(ms: number, action: () => void): Cancel {
    const alarm: Alarm = { at: this.#now + Math.max(0, ms), action };
    this.#alarms.add(alarm);
    return () => void this.#alarms.delete(alarm);
  }

  /** Jumps to the next alarm, unless that is after `end`, and rings it. False where there was none. */
  ringNext(end = Number.POSITIVE_INFINITY): boolean {
    const next = this.#next(end);
    if (next === undefined) return false;
    this.#alarms.delete(next);
    this.#now = next.at;
    next.action();
    return true;
  }

  /** Lets `ms` go by: every alarm in that time rings in its order, and what it sets off in promises is done before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    while (this.ringNext(end)) await settled();
    this.#now = end;
  }

  #next(end: number): Alarm | undefined {
    let first: Alarm | undefined;
    for (const alarm of this.#alarms) {
      if (alarm.at <= end && (first === undefined || alarm.at < first.at)) first = alarm;
    }
    return first;
  }
}

/** A turn of the platform's own loop: every promise that can go on has gone on. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
