import { describe, expect, it } from 'vitest';
import {
  type NativeTimer,
  timeouts,
  type WakeTimer,
  within,
  withTimeout,
  withWakeTimer,
} from '#web/transport/timer.ts';

/** A fake native timer. The test advances its time. Counts the calls of set(). */
class FakeNativeTimer implements NativeTimer {
  time = 0;
  sets = 0;
  #pending: { readonly at: number; readonly callback: () => void } | undefined;

  now(): number {
    return this.time;
  }

  set(callback: () => void, ms: number): object {
    this.sets++;
    this.#pending = { at: this.time + ms, callback };
    return this.#pending;
  }

  clear(handle: unknown): void {
    if (handle === this.#pending) this.#pending = undefined;
  }

  advance(ms: number): void {
    const end = this.time + ms;
    while (this.#pending !== undefined && this.#pending.at <= end) {
      const { at, callback } = this.#pending;
      this.#pending = undefined;
      this.time = at;
      callback();
    }
    this.time = end;
  }
}

describe('timeouts over one native timer', () => {
  const create = () => {
    const native = new FakeNativeTimer();
    const start = timeouts(native);
    const fired: string[] = [];
    return { native, fired, schedule: (ms: number, name: string) => start(ms, () => fired.push(name)) };
  };

  it('fire once each, in the order of their times', () => {
    const { native, fired, schedule } = create();
    schedule(300, 'late');
    schedule(100, 'early');
    schedule(200, 'middle');
    native.advance(150);
    expect(fired).toEqual(['early']);
    native.advance(1000);
    expect(fired).toEqual(['early', 'middle', 'late']);
    native.advance(1000);
    expect(fired).toHaveLength(3);
  });

  it('do not fire after they are cancelled, while other timeouts fire', () => {
    const { native, fired, schedule } = create();
    const cancel = schedule(100, 'cancelled');
    schedule(200, 'other');
    cancel();
    native.advance(500);
    expect(fired).toEqual(['other']);
  });

  it('never fire early, even if the native timer fires early', () => {
    const { native, fired, schedule } = create();
    schedule(1000, 'one');
    native.advance(900);
    schedule(1000, 'two');
    native.advance(999);
    expect(fired).toEqual(['one']);
    native.advance(1);
    expect(fired).toEqual(['one', 'two']);
  });

  it('can be cancelled by the callback of a timeout that is due at the same time', () => {
    const native = new FakeNativeTimer();
    const start = timeouts(native);
    const fired: string[] = [];
    let cancel = (): void => undefined;
    start(100, () => {
      fired.push('first');
      cancel();
    });
    cancel = start(100, () => fired.push('second'));
    native.advance(500);
    expect(fired).toEqual(['first']);
  });

  it('need one native timer for a thousand cancelled timeouts', () => {
    const { native, schedule } = create();
    for (let i = 0; i < 1000; i++) {
      schedule(1000, 'limit')();
      native.advance(0.5);
    }
    expect(native.sets).toBe(1);
  });
});

describe('within', () => {
  it('waits for the promise and cancels its timeout', async () => {
    const native = new FakeNativeTimer();
    const start = timeouts(native);
    await within(Promise.resolve(7), 100, start);
    await expect(within(Promise.reject(new Error('no')), 100, start)).rejects.toThrow('no');
    native.advance(1000);
    expect(native.sets).toBe(1);
  });

  it('waits at most the given time', async () => {
    const native = new FakeNativeTimer();
    const waiting = within(new Promise(() => undefined), 100, timeouts(native));
    native.advance(100);
    await waiting;
  });
});

describe('withTimeout', () => {
  const errors = {
    expired: () => new Error('too late'),
    failed: async (error: unknown) => new Error('translated', { cause: error }),
  };

  it('resolves with the value of the promise', async () => {
    expect(await withTimeout(Promise.resolve(7), 100, timeouts(new FakeNativeTimer()), errors)).toBe(7);
  });

  it('rejects with the translated error of the promise', async () => {
    const cause = new Error('no');
    const rejected = withTimeout(Promise.reject(cause), 100, timeouts(new FakeNativeTimer()), errors);
    await expect(rejected).rejects.toMatchObject({ message: 'translated', cause });
  });

  it('rejects after the timeout', async () => {
    const native = new FakeNativeTimer();
    const waiting = withTimeout(new Promise(() => undefined), 100, timeouts(native), errors);
    native.advance(100);
    await expect(waiting).rejects.toThrow('too late');
  });
});

/** A fake worker whose messages the test sends. */
class FakeWakeTimer {
  #listener: () => void = () => undefined;

  postMessage = (): void => undefined;
  addEventListener = (_type: string, listener: () => void): void => {
    this.#listener = listener;
  };
  fire = (): void => this.#listener();
}

describe('timeouts over a wake timer', () => {
  function create() {
    const [native, worker] = [new FakeNativeTimer(), new FakeWakeTimer()];
    const tab = { isHidden: true };
    const workers = { started: 0 };
    const startWorker = (): WakeTimer => {
      workers.started++;
      return worker as unknown as WakeTimer;
    };
    const start = timeouts(withWakeTimer(native, startWorker, () => tab.isHidden));
    const fired: string[] = [];
    return {
      native,
      worker,
      workers,
      tab,
      fired,
      schedule: (ms: number, name: string) => start(ms, () => fired.push(name)),
    };
  }

  it('fire with the worker while the native timer of a hidden tab is throttled', () => {
    const { native, worker, fired, schedule } = create();
    schedule(100, 'limit');
    native.time = 100;
    worker.fire();
    expect(fired).toEqual(['limit']);
    native.advance(1000);
    expect(fired).toEqual(['limit']);
  });

  it('ignore the worker in a visible tab, where queued I/O events come first', () => {
    const { native, worker, tab, fired, schedule } = create();
    tab.isHidden = false;
    schedule(100, 'limit');
    native.time = 100;
    worker.fire();
    expect(fired).toEqual([]);
    native.advance(0);
    expect(fired).toEqual(['limit']);
  });

  it('fire without the worker, whose file may be missing', () => {
    const { native, fired, schedule } = create();
    schedule(100, 'limit');
    native.advance(100);
    expect(fired).toEqual(['limit']);
  });

  it('do not fire early when the worker fires for an earlier timeout', () => {
    const { native, worker, fired, schedule } = create();
    schedule(100, 'first');
    native.advance(100);
    schedule(100, 'second');
    worker.fire();
    expect(fired).toEqual(['first']);
    native.advance(100);
    expect(fired).toEqual(['first', 'second']);
  });

  it('start the worker with the first timeout, and only once', () => {
    const { workers, schedule, native } = create();
    expect(workers.started).toBe(0);
    schedule(100, 'one');
    native.advance(200);
    schedule(100, 'two');
    expect(workers.started).toBe(1);
  });
});
