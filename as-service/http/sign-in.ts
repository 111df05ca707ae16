// Finds the operator of a request by its access code, sent as bearer token (RFC 6750). Limits wrong
// access codes per address. A valid code is accepted even after that limit is reached.
import { ProtocolError } from '#protocol/errors.ts';
import type { Role } from '#protocol/service/messages.ts';
import { findOperator } from '../operators/access-codes.ts';
import { hasSameLimits } from '../operators/operators.ts';
import type { As } from '../service/as.ts';
import type { OperatorState } from '../storage/state.ts';
import { Problem, tooManyRequests } from './answer.ts';
import type { RateLimit } from './rate-limit.ts';

export interface SignedIn {
  readonly account: OperatorState;
  /** When the access code expires, ISO 8601. */
  readonly expires: string;
  /**
   * Checks again that the access code is valid, and that the limits of the operator are the same.
   * @throws ProtocolError signed-out, not-allowed
   */
  readonly requireSignedIn: () => void;
}

export interface Credentials {
  /** Value of the Authorization header. */
  readonly authorization: string | undefined;
  /** Remote IP address. */
  readonly address: string;
}

/** @throws Problem signed-out, too-many-requests, not-allowed */
export function signIn(
  as: As,
  failures: RateLimit,
  roles: readonly Role[],
  { authorization, address }: Credentials,
): SignedIn {
  const token = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
  const found = token === undefined ? undefined : findOperator(as.state, token, as.now());
  if (found !== undefined) {
    if (roles.includes(found.account.role))
      return { ...found, requireSignedIn: () => requireUnchanged(as, token ?? '', found.account) };
    throw new Problem(
      'not-allowed',
      `This needs the role ${roles.join(' or ')}; ${found.account.name} is ${found.account.role}.`,
    );
  }
  if (token === undefined) throw new Problem('signed-out', 'Send the access code as "Authorization: Bearer KF-…".');
  const wait = failures.take(address);
  if (wait !== undefined) throw tooManyRequests('Too many wrong access codes from this address.', wait);
  throw new Problem('signed-out', NOT_VALID);
}

function requireUnchanged(as: As, token: string, account: OperatorState): void {
  const found = findOperator(as.state, token, as.now());
  if (found === undefined) throw new ProtocolError('signed-out', NOT_VALID);
  if (hasSameLimits(found.account, account)) return;
  throw new ProtocolError(
    'not-allowed',
    `The limits of ${account.name} were changed during this request. Send it again.`,
  );
}

const NOT_VALID = 'The access code is unknown, expired or revoked. Get a new one and sign in again.';
