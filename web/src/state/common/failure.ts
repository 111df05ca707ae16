// The one place where an expected failure is caught for the operator: it becomes a value that the page can word. A bug passes through.
import { ProtocolError, StatusWordError } from '#protocol/errors.ts';
import type { Failure } from '../../journal/attempt.ts';

export type { ErrorCode } from '#protocol/errors.ts';
export type { Failure } from '../../journal/attempt.ts';

/** @throws whatever is no ProtocolError, unchanged */
export function failureOf(error: unknown): Failure {
  if (error instanceof StatusWordError) {
    return { code: error.code, statusWord: error.statusWord, command: error.command };
  }
  if (error instanceof ProtocolError) return { code: error.code };
  throw error;
}
