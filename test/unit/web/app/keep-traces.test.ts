// When the page loads the code that stores the traces of attempts, and what it does if that fails.
import { expect, it, vi } from 'vitest';
import { keepTraces } from '#web/app/keep-traces.ts';
import type { Station } from '#web/state/station/station.svelte.ts';

/** Error of Chromium for a part that it cannot fetch. */
const UNREACHABLE = new TypeError('Failed to fetch dynamically imported module: https://as.example/assets/a.js');

function setUp() {
  let phase: object = { is: 'ready' };
  let change = (): void => undefined;
  const station = {
    get lanes() {
      return [{ phase }];
    },
    onActivity: (listener: () => void) => {
      change = listener;
    },
  } as unknown as Station;
  const keep = vi.fn(async () => undefined);
  keepTraces(station, keep);
  const enter = async (next: object): Promise<void> => {
    phase = next;
    change();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { keep, enter };
}

const FAILED = { is: 'failed', failure: { code: 'device-lost' } };

it('the traces are stored from the first failure on', async () => {
  const { keep, enter } = setUp();
  await enter({ is: 'done' });
  expect(keep).not.toHaveBeenCalled();
  await enter(FAILED);
  await enter(FAILED);
  expect(keep).toHaveBeenCalledOnce();
});

it('a part that cannot be fetched is fetched again at the next change of a lane', async () => {
  const { keep, enter } = setUp();
  keep.mockRejectedValueOnce(UNREACHABLE);
  await enter(FAILED);
  await enter(FAILED);
  await enter(FAILED);
  expect(keep).toHaveBeenCalledTimes(2);
});
