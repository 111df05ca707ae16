// Imports a part of the page when the page first needs that part. Reports an unreachable service as
// an error code.
import { ProtocolError } from '#protocol/errors.ts';
import { type Timer, withTimeout } from './timer.ts';

/** Maximum wait for the service. The browser itself waits for minutes. */
const TIMEOUT_MS = 15_000;

/**
 * Chromium's message for a failed import. Only this message distinguishes a failed import from a
 * bug, which is often a TypeError too.
 */
const FETCH_FAILED = /^Failed to fetch dynamically imported module/;

/** True iff the browser could not fetch an imported file. Any other error is a bug in the file. */
export function isFetchFailure(error: unknown): boolean {
  return error instanceof TypeError && FETCH_FAILED.test(error.message);
}

/** Handles the rejection of an import that the page tries again later. @throws any other error */
export function ignoreFetchFailure(error: unknown): void {
  if (!isFetchFailure(error)) throw error;
}

/**
 * Resolves with the module that `load` imports.
 * @throws ProtocolError part-unreachable when the browser cannot fetch the module within TIMEOUT_MS
 */
export function lazyPart<T>(load: () => Promise<T>, timer: Timer): Promise<T> {
  const unreachable = (cause?: unknown): ProtocolError =>
    new ProtocolError('part-unreachable', 'a part of the page could not be fetched', { cause });
  return withTimeout(load(), TIMEOUT_MS, timer, {
    expired: () => unreachable(),
    failed: async (error) => (isFetchFailure(error) ? unreachable(error) : error),
  });
}
