// A part of the page that is fetched when it is first needed. It comes from where the AS is, and like the AS it may be out of reach.
import { ProtocolError } from '#protocol/errors.ts';
import { type After, limited } from './timer.ts';

/** A server that stays silent for so long is taken for gone; the browser itself waits for minutes. */
const LIMIT_MS = 15_000;

/** As Chromium words it; no code tells it from a fault of the page, which is a TypeError as often. */
const UNFETCHED = /^Failed to fetch dynamically imported module/;

/** Whether the browser could not have what was imported. What was had and then threw is a fault of the page. */
export function isUnfetched(error: unknown): boolean {
  return error instanceof TypeError && UNFETCHED.test(error.message);
}

/** What `fetch` imports. @throws ProtocolError part-unreachable where the browser could not have it, or not in time */
export function part<T>(fetch: () => Promise<T>, timer: After): Promise<T> {
  const unreachable = (cause?: unknown): ProtocolError =>
    new ProtocolError('part-unreachable', 'a part of the page could not be fetched', { cause });
  return limited(fetch(), LIMIT_MS, timer, {
    expired: () => unreachable(),
    failed: async (error) => (isUnfetched(error) ? unreachable(error) : error),
  });
}
