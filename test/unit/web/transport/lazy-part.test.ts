import { describe, expect, it } from 'vitest';
import { isFetchFailure, lazyPart } from '#web/transport/lazy-part.ts';
import { ManualTimer } from './fakes.ts';

const UNFETCHED = new TypeError('Failed to fetch dynamically imported module: https://as.example/assets/usb-port.js');
const BUG = new TypeError("Cannot read properties of undefined (reading 'x')");

describe('lazyPart', () => {
  it('resolves with the imported module and cancels its timeout', async () => {
    const timer = new ManualTimer();
    expect(await lazyPart(async () => 'module', timer.after)).toBe('module');
    expect(timer.count).toBe(0);
  });

  it('rejects with part-unreachable when the browser cannot fetch the module', async () => {
    const { after } = new ManualTimer();
    const cause = UNFETCHED;
    await expect(lazyPart(() => Promise.reject(cause), after)).rejects.toMatchObject({
      code: 'part-unreachable',
      cause,
    });
  });

  it('rejects with part-unreachable when the server does not answer in time', async () => {
    const timer = new ManualTimer();
    const failing = expect(lazyPart(() => new Promise(() => undefined), timer.after)).rejects.toMatchObject({
      code: 'part-unreachable',
    });
    await timer.advance(15_000);
    await failing;
  });

  it('rejects with the unchanged error when the module itself throws', async () => {
    await expect(lazyPart(() => Promise.reject(BUG), new ManualTimer().after)).rejects.toBe(BUG);
    expect([UNFETCHED, BUG, new Error(UNFETCHED.message), undefined].map(isFetchFailure)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});
