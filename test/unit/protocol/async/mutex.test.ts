import { describe, expect, it } from 'vitest';
import { KeyedMutex, Mutex } from '#protocol/async/mutex.ts';
import { heldAction } from '#test/support/held-action.ts';

describe('Mutex', () => {
  it('starts the second action after the first has ended', async () => {
    const events: string[] = [];
    const mutex = new Mutex();
    const [a, b] = [heldAction('a', events), heldAction('b', events)];
    const results = Promise.all([mutex.run(a.run), mutex.run(b.run)]);
    b.end();
    await Promise.resolve();
    expect(events).toEqual(['a starts']);
    a.end();
    expect(await results).toEqual(['a', 'b']);
    expect(events).toEqual(['a starts', 'a ends', 'b starts', 'b ends']);
  });

  it('runs the next action after an action has failed, and reports the failure to the caller', async () => {
    const mutex = new Mutex();
    const failed = mutex.run(() => Promise.reject(new Error('no')));
    const next = mutex.run(async () => 'next');
    await expect(failed).rejects.toThrow('no');
    expect(await next).toBe('next');
  });

  it('is idle after all queued actions have ended, including failed ones', async () => {
    const mutex = new Mutex();
    const events: string[] = [];
    const a = heldAction('a', events);
    const run = mutex.run(async () => {
      await a.run();
      throw new Error('no');
    });
    const idle = mutex.idle().then(() => events.push('idle'));
    a.end();
    await expect(run).rejects.toThrow('no');
    await idle;
    expect(events).toEqual(['a starts', 'a ends', 'idle']);
  });
});

describe('KeyedMutex', () => {
  it('makes an action wait only for actions of the same key', async () => {
    const events: string[] = [];
    const mutex = new KeyedMutex();
    const [a, b, c] = [heldAction('a', events), heldAction('b', events), heldAction('c', events)];
    const results = [mutex.run('x', a.run), mutex.run('x', b.run), mutex.run('y', c.run)];
    c.end();
    await results[2];
    expect(events).toEqual(['a starts', 'c starts', 'c ends']);
    b.end();
    a.end();
    await Promise.all(results);
    expect(events.slice(3)).toEqual(['a ends', 'b starts', 'b ends']);
  });

  it('lets a new action wait for the last of its key, even when an earlier one has ended', async () => {
    const events: string[] = [];
    const mutex = new KeyedMutex();
    const [a, b, c] = [heldAction('a', events), heldAction('b', events), heldAction('c', events)];
    const [first, second] = [mutex.run('x', a.run), mutex.run('x', b.run)];
    a.end();
    await first;
    const third = mutex.run('x', c.run);
    c.end();
    await new Promise(setImmediate);
    expect(events).toEqual(['a starts', 'a ends', 'b starts']);
    b.end();
    await Promise.all([second, third]);
    expect(events.slice(3)).toEqual(['b ends', 'c starts', 'c ends']);
  });

  it('keeps no key whose actions have all ended, also after a failure', async () => {
    const mutex = new KeyedMutex();
    expect(mutex.size).toBe(0);
    const done = [mutex.run('x', async () => 1), mutex.run('x', async () => 2), mutex.run('y', async () => 3)];
    const failed = mutex.run('z', () => Promise.reject(new Error('no')));
    expect(mutex.size).toBe(3);
    expect(await Promise.all(done)).toEqual([1, 2, 3]);
    await expect(failed).rejects.toThrow('no');
    expect(mutex.size).toBe(0);
  });
});
