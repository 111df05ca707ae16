// Converts an expected error into a Failure, which the page can show. Rethrows any other error,
// because it is a bug.
import { FileError, ProtocolError, StatusWordError } from '#protocol/errors.ts';
import type { Failure } from '../../journal/attempt.ts';

export type { ErrorCode } from '#protocol/errors.ts';
export type { Failure } from '../../journal/attempt.ts';

/** @throws `error` itself unless it is a ProtocolError */
export function failureOf(error: unknown): Failure {
  if (error instanceof StatusWordError) {
    return { code: error.code, statusWord: error.statusWord, command: error.command };
  }
  if (error instanceof FileError) {
    return { code: error.code, message: { remedy: error.remedy, title: error.title } };
  }
  if (!(error instanceof ProtocolError)) throw error;
  return /^(identity|site)-/.test(error.code) ? { code: error.code, detail: error.message } : { code: error.code };
}
