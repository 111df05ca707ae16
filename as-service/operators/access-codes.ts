// Access codes of operators, bearer tokens in HTTP: 150 random bits that a person can type, kept as SHA-256 only, for 8 hours at most.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Bytes, copy } from '#protocol/bytes/bytes.ts';
import type { OperatorState, State, TokenState } from '../storage/state.ts';

/** Crockford's base 32: no I, L, O or U, so that nothing is misread. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const GROUPS = 6;
const GROUP_LENGTH = 5;
export const TOKEN_LIFETIME_MS = 8 * 3_600_000;

/** KF-XXXXX-XXXXX-XXXXX-XXXXX-XXXXX-XXXXX */
export function createToken(): string {
  const digits = [...randomBytes(GROUPS * GROUP_LENGTH)].map((octet) => ALPHABET.charAt(octet & 31)).join('');
  const groups = Array.from({ length: GROUPS }, (_, i) => digits.slice(i * GROUP_LENGTH, (i + 1) * GROUP_LENGTH));
  return ['KF', ...groups].join('-');
}

/** SHA-256 of the token as it was meant: any case, with or without dashes, O for 0, I and L for 1. Undefined when it is no token. */
export function hashToken(typed: string): Bytes | undefined {
  const digits = typed
    .toUpperCase()
    .replaceAll(/[\s-]/g, '')
    .replace(/^KF/, '')
    .replaceAll('O', '0')
    .replaceAll(/[IL]/g, '1');
  if (digits.length !== GROUPS * GROUP_LENGTH || [...digits].some((digit) => !ALPHABET.includes(digit)))
    return undefined;
  return copy(createHash('sha256').update(digits).digest());
}

export function tokenState(token: string, now: Date, lifetimeMs: number): TokenState {
  const hash = hashToken(token);
  if (hash === undefined) throw new RangeError('token was not made by createToken()');
  return { hash, expires: new Date(now.getTime() + Math.min(lifetimeMs, TOKEN_LIFETIME_MS)).toISOString() };
}

/** Whose token this is, if it is anyone's and not expired. Every token is compared, each in constant time. */
export function findOperator(
  { operators }: State,
  typed: string,
  now: Date,
): { readonly account: OperatorState; readonly expires: string } | undefined {
  const hash = hashToken(typed);
  if (hash === undefined) return undefined;
  let found: { account: OperatorState; expires: string } | undefined;
  for (const account of operators) {
    for (const token of account.tokens) {
      if (timingSafeEqual(token.hash, hash)) found = { account, expires: token.expires };
    }
  }
  return found !== undefined && Date.parse(found.expires) > now.getTime() ? found : undefined;
}
