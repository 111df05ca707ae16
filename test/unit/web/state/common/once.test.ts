// once() shares one result among all callers, and does not keep a failure.
import { expect, it } from 'vitest';
import { once } from '#web/state/common/once.ts';

it('creates the value for the first caller, and returns the same value to all callers', async () => {
  let made = 0;
  const get = once(async () => ({ number: ++made }));
  const [first, second] = await Promise.all([get(), get()]);
  expect(first).toBe(second);
  expect(await get()).toBe(first);
  expect(made).toBe(1);
});

it('does not keep a failure, so that the next caller tries again', async () => {
  const answers = [Promise.reject(new TypeError('out of reach')), Promise.resolve('here')];
  const get = once(async () => await answers.shift());
  await expect(get()).rejects.toThrow('out of reach');
  expect(await get()).toBe('here');
});
