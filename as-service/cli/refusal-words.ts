// A refusal as the terminal says it: the CLI has no codes, only sentences.
import { ProtocolError } from '#protocol/errors.ts';
import { UserError } from '../common/user-error.ts';

/** A refusal becomes words of the terminal. */
export function inWords<Result>(action: () => Result, before = ''): Result {
  try {
    return action();
  } catch (cause) {
    throw wordsOf(cause, before);
  }
}

export async function inWordsLater<Result>(action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (cause) {
    throw wordsOf(cause, '');
  }
}

function wordsOf(cause: unknown, before: string): unknown {
  return cause instanceof ProtocolError ? new UserError(`${before}${cause.message}`, { cause }) : cause;
}
