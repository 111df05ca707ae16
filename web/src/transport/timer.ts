// Waiting with a limit. The timer is handed in: a hidden tab throttles the window's own, so a worker's stands beside it. Knows no link.

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
export const NATIVE: NativeTimer = {
  now: () => performance.now(),
  set: (callback, ms) => setTimeout(callback, ms),
  clear: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
};

/** A worker that answers some time after it was sent milliseconds; web/src/browser/timer.worker.ts is one. */
export type WakeTimer = Pick<Worker, 'postMessage' | 'addEventListener'>;

/**
 * A native timer that a bell rings as well while the tab is hidden. While it is seen the native timer is the better one: after a task that
 * held up the page it rings behind the answers that came meanwhile, which a worker knows nothing of. Either may ring for a time that was
 * set before: alarms() bears that.
 */
export function withBell(native: NativeTimer, bell: () => WakeTimer, isHidden: () => boolean): NativeTimer {
  let hung: WakeTimer | undefined;
  let pending: { readonly callback: () => void; readonly handle: unknown } | undefined;
  const ring = (): void => {
    const rung = pending;
    pending = undefined;
    native.clear(rung?.handle);
    rung?.callback();
  };
  const hang = (): WakeTimer => {
    const made = bell();
    made.addEventListener('message', () => isHidden() && ring());
    return made;
  };
  return {
    now: () => native.now(),
    set(callback, ms) {
      hung ??= hang();
      hung.postMessage(ms);
      pending = { callback, handle: native.set(ring, ms) };
      return pending;
    },
    clear(handle) {
      if (handle !== pending) return;
      native.clear(pending?.handle);
      pending = undefined;
    },
  };
}

/** Waits until `promise` is settled, `ms` at most; the promise itself goes on. Rejects as it does. */
export function within(promise: Promise<unknown>, ms: number, timer: After): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = timer(ms, resolve);
    void promise.then(() => resolve(), reject).finally(cancel);
  });
}

/** How a promise under a limit may end badly. */
export interface Ends {
  /** What it rejects with when the limit is over. */
  expired(): unknown;
  /** What it rejects with for what it was rejected with. */
  failed(error: unknown): Promise<unknown>;
}

/** `promise` for `ms` at most, in one promise more: this stands in the way of each octet. */
export function limited<T>(promise: Promise<T>, ms: number, timer: After, ends: Ends): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = timer(ms, () => reject(ends.expired()));
    promise.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error: unknown) => {
        cancel();
        ends.failed(error).then(reject, reject);
      },
    );
  });
}
