import { ProtocolError } from '#protocol/errors.ts';
import { UserError } from './user-error.ts';

/**
 * Converts a ProtocolError to a UserError with the same message after `prefix`. Returns other
 * errors unchanged.
 */
export function toUserError(cause: unknown, prefix = ''): unknown {
  return cause instanceof ProtocolError ? new UserError(`${prefix}${cause.message}`, { cause }) : cause;
}
