// The sequence in which shared and exclusive actions run, and the pauses of a long computation.
import { describe, expect, it } from 'vitest';
import { SharedLock } from '#as-service/common/shared-lock.ts';
import { Turns } from '#as-service/common/turns.ts';
import { heldAction } from '#test/support/held-action.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('the lock', () => {
  it('runs shared actions at the same time, and an exclusive one after them', async () => {
    const events: string[] = [];
    const lock = new SharedLock();
    const [a, b, change, c] = ['a', 'b', 'change', 'c'].map((name) => heldAction(name, events));
    if (!a || !b || !change || !c) throw new TypeError('four actions');
    const all = [lock.shared(a.run), lock.shared(b.run), lock.exclusive(change.run)];
    await turn();
    all.push(lock.shared(c.run));
    await turn();
    expect(events).toEqual(['a starts', 'b starts']);
    a.end();
    await turn();
    expect(events).toEqual(['a starts', 'b starts', 'a ends']);
    b.end();
    await turn();
    expect(events.slice(3)).toEqual(['b ends', 'change starts']);
    change.end();
    await turn();
    expect(events.slice(5)).toEqual(['change ends', 'c starts']);
    c.end();
    expect(await Promise.all(all)).toEqual(['a', 'b', 'change', 'c']);
  });

  it('runs one exclusive action at a time, never beside a shared one, and is idle after the last', async () => {
    const events: string[] = [];
    const lock = new SharedLock();
    const [first, second, shared] = ['first', 'second', 'shared'].map((name) => heldAction(name, events));
    if (!first || !second || !shared) throw new TypeError('three actions');
    const all = [lock.exclusive(first.run), lock.exclusive(second.run)];
    await turn();
    all.push(lock.shared(shared.run));
    const idle = lock.idle().then(() => events.push('idle'));
    first.end();
    await turn();
    expect(events).toEqual(['first starts', 'first ends', 'shared starts']);
    shared.end();
    await turn();
    expect(events.slice(3)).toEqual(['shared ends', 'second starts']);
    second.end();
    await Promise.all([...all, idle]);
    expect(events.slice(5)).toEqual(['second ends', 'idle']);
  });

  it('is free again after an action that fails', async () => {
    const lock = new SharedLock();
    const fail = () => Promise.reject(new RangeError('no'));
    const failed = [lock.shared(fail), lock.exclusive(fail)].map((each) => expect(each).rejects.toThrow('no'));
    await Promise.all(failed);
    expect(await lock.shared(async () => 'shared')).toBe('shared');
    expect(await lock.exclusive(async () => 'exclusive')).toBe('exclusive');
  });
});

describe('a long computation', () => {
  it('gives a turn to other work after every three items', async () => {
    const turns = new Turns(3);
    let others = 0;
    const seen: number[] = [];
    for (let item = 0; item < 7; item++) {
      setImmediate(() => others++);
      await turns.next();
      seen.push(others);
    }
    expect(seen).toEqual([0, 0, 3, 3, 3, 6, 6]);
  });
});
