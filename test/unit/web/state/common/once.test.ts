// What is made once: the same for everybody, and never a refusal for good.
import { expect, it } from 'vitest';
import { once } from '#web/state/common/once.ts';

it('makes it for the first who asks, and gives the same to all', async () => {
  let made = 0;
  const get = once(async () => ({ number: ++made }));
  const [first, second] = await Promise.all([get(), get()]);
  expect(first).toBe(second);
  expect(await get()).toBe(first);
  expect(made).toBe(1);
});

it('forgets a refusal, so that the next who asks may be luckier', async () => {
  const answers = [Promise.reject(new TypeError('out of reach')), Promise.resolve('here')];
  const get = once(async () => await answers.shift());
  await expect(get()).rejects.toThrow('out of reach');
  expect(await get()).toBe('here');
});
