import { describe, expect, it } from 'vitest';
import { alarms, limited, type NativeTimer, type WakeTimer, withBell, within } from '#web/transport/timer.ts';

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
  it('waits for the promise, and takes its alarm back', async () => {
    const native = new HandTimer();
    const start = alarms(native);
    await within(Promise.resolve(7), 100, start);
    await expect(within(Promise.reject(new Error('no')), 100, start)).rejects.toThrow('no');
    native.pass(1000);
    expect(native.sets).toBe(1);
  });

  it('waits no longer than it may', async () => {
    const native = new HandTimer();
    const waiting = within(new Promise(() => undefined), 100, alarms(native));
    native.pass(100);
    await waiting;
  });
});

describe('limited', () => {
  const ends = {
    expired: () => new Error('too late'),
    failed: async (error: unknown) => new Error('explained', { cause: error }),
  };

  it('gives what the promise gives', async () => {
    expect(await limited(Promise.resolve(7), 100, alarms(new HandTimer()), ends)).toBe(7);
  });

  it('rejects with the explanation of what the promise was rejected with', async () => {
    const cause = new Error('no');
    const rejected = limited(Promise.reject(cause), 100, alarms(new HandTimer()), ends);
    await expect(rejected).rejects.toMatchObject({ message: 'explained', cause });
  });

  it('rejects when the limit is over, whatever comes of the promise', async () => {
    const native = new HandTimer();
    const waiting = limited(new Promise(() => undefined), 100, alarms(native), ends);
    native.pass(100);
    await expect(waiting).rejects.toThrow('too late');
  });
});

/** A worker that rings by hand. */
class HandBell {
  readonly asked: number[] = [];
  #listener: () => void = () => undefined;

  postMessage = (ms: number): void => void this.asked.push(ms);
  addEventListener = (_type: string, listener: () => void): void => {
    this.#listener = listener;
  };
  ring = (): void => this.#listener();
}

describe('alarms with a bell', () => {
  function create() {
    const [native, bell] = [new HandTimer(), new HandBell()];
    const hung: HandBell[] = [];
    const tab = { hidden: true };
    const hang = (): WakeTimer => {
      hung.push(bell);
      return bell as unknown as WakeTimer;
    };
    const start = alarms(withBell(native, hang, () => tab.hidden));
    const rung: string[] = [];
    return { native, bell, hung, tab, rung, alarm: (ms: number, name: string) => start(ms, () => rung.push(name)) };
  }

  it('ring when the bell does, though the native timer of a hidden tab sleeps', () => {
    const { native, bell, rung, alarm } = create();
    alarm(100, 'limit');
    native.time = 100;
    bell.ring();
    expect(rung).toEqual(['limit']);
    native.pass(1000);
    expect(rung).toEqual(['limit']);
  });

  it('do not heed the bell of a tab that is seen: what came while it was held up is heard first', () => {
    const { native, bell, tab, rung, alarm } = create();
    tab.hidden = false;
    alarm(100, 'limit');
    native.time = 100;
    bell.ring();
    expect(rung).toEqual([]);
    native.pass(0);
    expect(rung).toEqual(['limit']);
  });

  it('ring without the bell, whose file may never have come', () => {
    const { native, rung, alarm } = create();
    alarm(100, 'limit');
    native.pass(100);
    expect(rung).toEqual(['limit']);
  });

  it('bear a bell that rings for a time that was set before', () => {
    const { native, bell, rung, alarm } = create();
    alarm(100, 'first');
    native.pass(100);
    alarm(100, 'second');
    bell.ring();
    expect(rung).toEqual(['first']);
    native.pass(100);
    expect(rung).toEqual(['first', 'second']);
  });

  it('hang the bell when the first limit is set, and once', () => {
    const { hung, alarm, native } = create();
    expect(hung).toHaveLength(0);
    alarm(100, 'one');
    native.pass(200);
    alarm(100, 'two');
    expect(hung).toHaveLength(1);
  });
});
