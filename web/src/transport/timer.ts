// Waiting with a limit. The timer is handed in, since a hidden tab throttles the window's own and a worker's may stand here
// instead. Knows no link.

/** Calls `callback` once after `ms`; the returned function takes that back. */
export type After = (ms: number, callback: () => void) => () => void;

/** What a native timer is made of, handed in so that time can be imitated. */
export interface NativeTimer {
  /** Milliseconds that only rise. */
  now(): number;
  set(callback: () => void, ms: number): unknown;
  clear(handle: unknown): void;
}

interface Alarm {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * Any number of alarms over one native timer, which is left alone when an alarm is taken back: nearly every limit is, long before
 * it ends, and to set and clear a native timer for each costs more than the exchange that it guards.
 */
export function alarms(native: NativeTimer): After {
  const waiting = new Set<Alarm>();
  let handle: unknown;
  let ringsAt = Number.POSITIVE_INFINITY;

  const arm = (at: number): void => {
    if (at >= ringsAt) return;
    if (handle !== undefined) native.clear(handle);
    ringsAt = at;
    handle = native.set(ring, Math.max(0, at - native.now()));
  };

  const ring = (): void => {
    handle = undefined;
    ringsAt = Number.POSITIVE_INFINITY;
    const now = native.now();
    const due = [...waiting].filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
    for (const alarm of due) {
      // One that rang before it may have taken this one back.
      if (waiting.delete(alarm)) alarm.callback();
    }
    for (const { at } of waiting) arm(at);
  };

  return (ms, callback) => {
    const alarm: Alarm = { at: native.now() + ms, callback };
    waiting.add(alarm);
    arm(alarm.at);
    return () => waiting.delete(alarm);
  };
}

/** The timers of the page or worker that this runs in. */
export const after: After = alarms({
  now: () => performance.now(),
  set: (callback, ms) => setTimeout(callback, ms),
  clear: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
});

export const EXPIRED: unique symbol = Symbol('expired');

/** What `promise` settles to, or EXPIRED when `ms` went by first; the promise itself goes on. */
export function within<T>(promise: Promise<T>, ms: number, timer: After): Promise<T | typeof EXPIRED> {
  return new Promise((resolve, reject) => {
    const cancel = timer(ms, () => resolve(EXPIRED));
    promise.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error: unknown) => {
        cancel();
        reject(error);
      },
    );
  });
}
