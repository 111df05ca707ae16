import { describe, expect, it } from 'vitest';
import { alarms, EXPIRED, type NativeTimer, within } from '#web/transport/timer.ts';

/** A native timer whose time passes by hand, and which counts what is asked of it. */
class HandTimer implements NativeTimer {
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

  pass(ms: number): void {
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

describe('alarms over one native timer', () => {
  const create = () => {
    const native = new HandTimer();
    const start = alarms(native);
    const rung: string[] = [];
    return { native, rung, alarm: (ms: number, name: string) => start(ms, () => rung.push(name)) };
  };

  it('ring in the order of their times, each once', () => {
    const { native, rung, alarm } = create();
    alarm(300, 'late');
    alarm(100, 'early');
    alarm(200, 'middle');
    native.pass(150);
    expect(rung).toEqual(['early']);
    native.pass(1000);
    expect(rung).toEqual(['early', 'middle', 'late']);
    native.pass(1000);
    expect(rung).toHaveLength(3);
  });

  it('do not ring when taken back, and the others still do', () => {
    const { native, rung, alarm } = create();
    const takeBack = alarm(100, 'taken back');
    alarm(200, 'kept');
    takeBack();
    native.pass(500);
    expect(rung).toEqual(['kept']);
  });

  it('never ring early, also when the native timer does', () => {
    const { native, rung, alarm } = create();
    alarm(1000, 'one');
    native.pass(900);
    alarm(1000, 'two');
    native.pass(999);
    expect(rung).toEqual(['one']);
    native.pass(1);
    expect(rung).toEqual(['one', 'two']);
  });

  it('may be taken back by one that rings at the same moment', () => {
    const native = new HandTimer();
    const start = alarms(native);
    const rung: string[] = [];
    let takeBack = (): void => undefined;
    start(100, () => {
      rung.push('first');
      takeBack();
    });
    takeBack = start(100, () => rung.push('second'));
    native.pass(500);
    expect(rung).toEqual(['first']);
  });

  it('cost one native timer for a thousand limits that are taken back', () => {
    const { native, alarm } = create();
    for (let i = 0; i < 1000; i++) {
      alarm(1000, 'limit')();
      native.pass(0.5);
    }
    expect(native.sets).toBe(1);
  });
});

describe('within', () => {
  it('gives what the promise gives, and takes its alarm back', async () => {
    const native = new HandTimer();
    const start = alarms(native);
    expect(await within(Promise.resolve(7), 100, start)).toBe(7);
    await expect(within(Promise.reject(new Error('no')), 100, start)).rejects.toThrow('no');
  });

  it('gives EXPIRED when the time went by first', async () => {
    const native = new HandTimer();
    const waiting = within(new Promise(() => undefined), 100, alarms(native));
    native.pass(100);
    expect(await waiting).toBe(EXPIRED);
  });
});
