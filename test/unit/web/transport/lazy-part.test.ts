// A part of the page: what the browser could not have is an expected failure, what it had and then threw is a fault of the page.
import { describe, expect, it } from 'vitest';
import { isUnfetched, part } from '#web/transport/lazy-part.ts';
import { ManualTimer } from './fakes.ts';

const UNFETCHED = new TypeError('Failed to fetch dynamically imported module: https://as.example/assets/usb-way.js');
const BUG = new TypeError("Cannot read properties of undefined (reading 'x')");

describe('a part of the page', () => {
  it('is what was imported, and leaves no limit behind', async () => {
    const timer = new ManualTimer();
    expect(await part(async () => 'way', timer.after)).toBe('way');
    expect(timer.count).toBe(0);
  });

  it('is out of reach where the browser could not have it', async () => {
    const { after } = new ManualTimer();
    const cause = UNFETCHED;
    await expect(part(() => Promise.reject(cause), after)).rejects.toMatchObject({ code: 'part-unreachable', cause });
  });

  it('is out of reach where the server stays silent', async () => {
    const timer = new ManualTimer();
    const failing = expect(part(() => new Promise(() => undefined), timer.after)).rejects.toMatchObject({
      code: 'part-unreachable',
    });
    await timer.advance(15_000);
    await failing;
  });

  it('has its own faults, which pass as they are', async () => {
    await expect(part(() => Promise.reject(BUG), new ManualTimer().after)).rejects.toBe(BUG);
    expect([UNFETCHED, BUG, new Error(UNFETCHED.message), undefined].map(isUnfetched)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});
