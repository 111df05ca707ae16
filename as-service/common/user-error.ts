// What keeps the service or a command of its CLI from running, in words for the person at the terminal.

/** An expected failure: `message` says what is wrong and what to do. Anything else that is thrown is a bug. */
export class UserError extends Error {
  override readonly name = 'UserError';
}
