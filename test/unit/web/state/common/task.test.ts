// A task is busy while its operation runs, and shows the failure until the next operation.
import { expect, it, vi } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { Task } from '#web/state/common/task.svelte.ts';

const refused = () => Promise.reject(new ProtocolError('link-timeout', 'no response'));

it('is busy while the operation runs, whether it succeeds or fails', async () => {
  const task = new Task();
  for (const operation of [async () => undefined, refused]) {
    expect(task.isBusy).toBe(false);
    const done = task.run(operation);
    expect(task.isBusy).toBe(true);
    await done;
    expect(task.isBusy).toBe(false);
  }
});

it('keeps the failure until the next operation, and reports it', async () => {
  const onFailure = vi.fn();
  const task = new Task(onFailure);
  expect(await task.run(refused)).toBe(false);
  expect(task.failure).toEqual({ code: 'link-timeout' });
  expect(onFailure.mock.calls).toEqual([[{ code: 'link-timeout' }]]);
  expect(await task.run(async () => expect(task.failure).toBeUndefined())).toBe(true);
  expect(onFailure).toHaveBeenCalledOnce();
  expect(await new Task().run(refused)).toBe(false);
});

it('rejects for a bug, and is not busy then', async () => {
  const task = new Task();
  await expect(task.run(() => Promise.reject(new TypeError('bug')))).rejects.toThrow(TypeError);
  expect(task).toMatchObject({ isBusy: false, failure: undefined });
});
