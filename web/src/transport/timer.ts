// Timers and timeouts for the links. Browsers throttle the timers of a hidden tab, so a worker
// triggers them as well.

/** Calls `callback` once after `ms`. The returned function cancels the timer. */
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
 * Creates a Timer that runs any number of timeouts on one native timer. Setting and clearing a
 * native timer for each timeout would cost more time than the exchange that it limits. Nearly every
 * timeout is cancelled early. Cancelling one therefore leaves the native timer set; when it fires
 * too early, it is set again for the next pending timeout.
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
      // An earlier callback may have cancelled this timeout.
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

/**
 * A worker that receives a number of milliseconds and replies when they have passed
 * (timer.worker.ts).
 */
export type WakeTimer = Pick<Worker, 'postMessage' | 'addEventListener'>;

/**
 * Timer backed by a worker while the tab is hidden. Browsers throttle the timers of a hidden tab to
 * one per second, later to one per minute. A late timeout would delay the recovery of the link and
 * the message to the operator. The native timer is always set too, because the worker file may fail
 * to load.
 *
 * In a visible tab only the native timer fires. After a long task it fires later than the queued
 * I/O events, so bytes that have arrived are handled before the timeout. A worker message may come
 * early, which timeouts() tolerates.
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

/**
 * Waits at most `ms` until `promise` settles. Rejects if `promise` rejects. Does not cancel
 * `promise`.
 */
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

/** Settles like `promise`, or rejects after `ms`. Creates only one promise, for speed. */
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
