import { ProtocolError } from '#protocol/errors.ts';
import { UserError } from './user-error.ts';

/** Makes a refusal a UserError with `prefix` and its sentence. Other errors stay as they are. */
export function toUserError(cause: unknown, prefix = ''): unknown {
  return cause instanceof ProtocolError ? new UserError(`${prefix}${cause.message}`, { cause }) : cause;
}
