/**
 * An expected failure of the service or of a command. `message` says what is wrong and what to do,
 * for the terminal. Any other error is a bug.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
}
