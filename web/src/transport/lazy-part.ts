// Loads a part of the page when it is first needed. The service that serves it may be unreachable.
import { ProtocolError } from '#protocol/errors.ts';
import { type Timer, withTimeout } from './timer.ts';

/** Maximum wait for the service. The browser itself waits for minutes. */
const TIMEOUT_MS = 15_000;

/** Chromium's message. The error has no code, and a bug of the page is often a TypeError too. */
const FETCH_FAILED = /^Failed to fetch dynamically imported module/;

/** True iff the browser could not fetch an imported file. Any other error is a bug of the file. */
export function isFetchFailure(error: unknown): boolean {
  return error instanceof TypeError && FETCH_FAILED.test(error.message);
}

/**
 * Resolves with the module that `load` imports.
 * @throws ProtocolError part-unreachable when the browser cannot fetch it, or not in time
 */
export function lazyPart<T>(load: () => Promise<T>, timer: Timer): Promise<T> {
  const unreachable = (cause?: unknown): ProtocolError =>
    new ProtocolError('part-unreachable', 'a part of the page could not be fetched', { cause });
  return withTimeout(load(), TIMEOUT_MS, timer, {
    expired: () => unreachable(),
    failed: async (error) => (isFetchFailure(error) ? unreachable(error) : error),
  });
}
