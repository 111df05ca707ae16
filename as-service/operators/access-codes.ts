// Access codes of operators: 150 random bits, sent as a bearer token (RFC 6750) and valid for at
// most 8 hours. The service stores only their SHA-256.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Bytes, copy } from '#protocol/bytes/bytes.ts';
import { ACCESS_CODE_LENGTH, readAccessCode, readCrockford } from '#protocol/text/typed-code.ts';
import type { AccessCodeState, OperatorState, State } from '../storage/state.ts';

/** Crockford's base 32, which omits I, L, O and U because they are easily misread. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const GROUP_LENGTH = 5;
const GROUPS = ACCESS_CODE_LENGTH / GROUP_LENGTH;
export const MAX_LIFETIME_MS = 8 * 3_600_000;
/** Setting the clock back by at most this time has no effect on access codes. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;

/** Returns KF-XXXXX-XXXXX-XXXXX-XXXXX-XXXXX-XXXXX. */
export function createAccessCode(): string {
  const digits = [...randomBytes(ACCESS_CODE_LENGTH)].map((byte) => ALPHABET.charAt(byte & 31)).join('');
  const groups = Array.from({ length: GROUPS }, (_, i) => digits.slice(i * GROUP_LENGTH, (i + 1) * GROUP_LENGTH));
  return ['KF', ...groups].join('-');
}

/**
 * Returns the SHA-256 of a typed access code, 32 bytes. The prefix KF is optional. Returns
 * undefined when `typed` is not an access code.
 */
export function hashAccessCode(typed: string): Bytes | undefined {
  const digits = readCrockford(readAccessCode(typed));
  if (digits.length !== ACCESS_CODE_LENGTH || [...digits].some((digit) => !ALPHABET.includes(digit))) return undefined;
  return copy(createHash('sha256').update(digits).digest());
}

/** Returns the state that the service stores for an access code. Limits `lifetimeMs` to 8 hours. */
export function accessCodeState(code: string, now: Date, lifetimeMs: number): AccessCodeState {
  const hash = hashAccessCode(code);
  if (hash === undefined) throw new RangeError('not an access code');
  const expires = new Date(now.getTime() + Math.min(lifetimeMs, MAX_LIFETIME_MS)).toISOString();
  return { hash, issued: now.toISOString(), expires };
}

/**
 * Whether the clock was ahead when the code was issued: the issue time is later than `now` plus the
 * tolerance.
 */
export function isFromFuture(code: AccessCodeState, now: Date): boolean {
  return issuedAt(code) > now.getTime() + CLOCK_TOLERANCE_MS;
}

/** Returns the same code, valid from `now` for its original lifetime. */
export function redate(code: AccessCodeState, now: Date): AccessCodeState {
  const lifetimeMs = Date.parse(code.expires) - issuedAt(code);
  const expires = new Date(now.getTime() + lifetimeMs).toISOString();
  return { ...code, issued: now.toISOString(), expires };
}

function issuedAt({ issued, expires }: AccessCodeState): number {
  return issued === undefined ? Date.parse(expires) - MAX_LIFETIME_MS : Date.parse(issued);
}

/**
 * Returns the operator with this access code, or undefined if the code is unknown or has expired.
 * Compares every stored code, each in constant time.
 */
export function findOperator(
  { operators }: State,
  typed: string,
  now: Date,
): { readonly account: OperatorState; readonly expires: string } | undefined {
  const hash = hashAccessCode(typed);
  if (hash === undefined) return undefined;
  let found: { account: OperatorState; token: AccessCodeState } | undefined;
  for (const account of operators) {
    for (const token of account.tokens) {
      if (timingSafeEqual(token.hash, hash)) found = { account, token };
    }
  }
  if (found === undefined || Date.parse(found.token.expires) <= now.getTime()) return undefined;
  return isFromFuture(found.token, now) ? undefined : { account: found.account, expires: found.token.expires };
}
