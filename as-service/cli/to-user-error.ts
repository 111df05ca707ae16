import { ProtocolError } from '#protocol/errors.ts';
import { UserError } from '../common/user-error.ts';

/**
 * A refusal becomes a UserError with `prefix` and the same sentence. Any other error stays as it
 * is.
 */
export function toUserError(cause: unknown, prefix = ''): unknown {
  return cause instanceof ProtocolError ? new UserError(`${prefix}${cause.message}`, { cause }) : cause;
}
