// Protects objects from accidental destruction: the administrator types the name of the object, or
// gives --yes.
import { isSameText } from '#protocol/text/permitted-text.ts';
import { UserError } from '../../common/user-error.ts';

/**
 * `true` for --yes, otherwise the name that the administrator typed. Null before bin/cli.ts has
 * asked for it.
 */
export type Confirmation = string | true | null;

/** @throws UserError unless the destruction of the object with this name is confirmed */
export function requireConfirmed(confirmation: Confirmation, what: string, name: string): void {
  if (confirmation === true || (confirmation !== null && isSameText(confirmation, name))) return;
  throw new UserError(`The name of ${what} is "${name}". Type it to confirm, or give --yes. Nothing was destroyed.`);
}
