// Timers and timeouts for the links. Browsers throttle the timers of a hidden tab, so a worker
// backs them.

/** Calls `callback` once after `ms`. The returned function cancels that. */
export type Timer = (ms: number, callback: () => void) => () => void;

/** The functions of a native timer. Tests replace them to control the time. */
export interface NativeTimer {
  /** A monotonic clock, in milliseconds. */
  now(): number;
  set(callback: () => void, ms: number): unknown;
  clear(handle: unknown): void;
}

interface Timeout {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * Any number of timeouts over one native timer, which keeps running when a timeout is cancelled.
 * Nearly every timeout is cancelled early, and setting and clearing a native timer for each would
 * cost more than the exchange that it limits.
 */
export function timeouts(native: NativeTimer): Timer {
  const pending = new Set<Timeout>();
  let handle: unknown;
  let firesAt = Number.POSITIVE_INFINITY;

  const arm = (at: number): void => {
    if (at >= firesAt) return;
    if (handle !== undefined) native.clear(handle);
    firesAt = at;
    handle = native.set(fire, Math.max(0, at - native.now()));
  };

  const fire = (): void => {
    handle = undefined;
    firesAt = Number.POSITIVE_INFINITY;
    const now = native.now();
    const due = [...pending].filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
    for (const timeout of due) {
      // An earlier callback may have cancelled this one.
      if (pending.delete(timeout)) timeout.callback();
    }
    for (const { at } of pending) arm(at);
  };

  return (ms, callback) => {
    const timeout: Timeout = { at: native.now() + ms, callback };
    pending.add(timeout);
    arm(timeout.at);
    return () => pending.delete(timeout);
  };
}

/** The timer of the page or worker that runs this code. */
export const NATIVE: NativeTimer = {
  now: () => performance.now(),
  set: (callback, ms) => setTimeout(callback, ms),
  clear: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>),
};

/** A worker that answers a number of milliseconds when they have passed (timer.worker.ts). */
export type WakeTimer = Pick<Worker, 'postMessage' | 'addEventListener'>;

/**
 * Timer backed by a worker while the tab is hidden: browsers throttle a hidden tab's timers to one
 * per second, later one per minute, and a late timeout delays recovery and the operator's message.
 * In a visible tab setTimeout is better: after a blocked task it fires behind queued I/O events.
 * It is always set, since the worker file may fail to load. timeouts() tolerates an early callback.
 */
export function withWakeTimer(native: NativeTimer, start: () => WakeTimer, isHidden: () => boolean): NativeTimer {
  let worker: WakeTimer | undefined;
  let pending: { readonly callback: () => void; readonly handle: unknown } | undefined;
  const fire = (): void => {
    const due = pending;
    pending = undefined;
    native.clear(due?.handle);
    due?.callback();
  };
  const startWorker = (): WakeTimer => {
    const started = start();
    started.addEventListener('message', () => isHidden() && fire());
    return started;
  };
  return {
    now: () => native.now(),
    set(callback, ms) {
      worker ??= startWorker();
      worker.postMessage(ms);
      pending = { callback, handle: native.set(fire, ms) };
      return pending;
    },
    clear(handle) {
      if (handle !== pending) return;
      native.clear(pending?.handle);
      pending = undefined;
    },
  };
}

/** Waits until `promise` settles, for `ms` at most. Rejects as it does. Does not cancel it. */
export function within(promise: Promise<unknown>, ms: number, timer: Timer): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = timer(ms, resolve);
    void promise.then(() => resolve(), reject).finally(cancel);
  });
}

export interface TimeoutErrors {
  /** Creates the error of a timeout. */
  expired(): unknown;
  /** Translates the error with which the promise was rejected. */
  failed(error: unknown): Promise<unknown>;
}

/** Rejects unless `promise` settles within `ms`. Creates one promise only, for speed. */
export function withTimeout<T>(promise: Promise<T>, ms: number, timer: Timer, errors: TimeoutErrors): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = timer(ms, () => reject(errors.expired()));
    promise.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error: unknown) => {
        cancel();
        errors.failed(error).then(reject, reject);
      },
    );
  });
}
