// The stable `type` of each problem that the service answers with (RFC 9457).
import type { SourceErrorCode } from '../errors.ts';

/** The `type` on the wire is PROBLEM_BASE followed by the code. */
export const PROBLEM_BASE = 'urn:keyferry:problem:';

const PROBLEM_CODES = [
  'request-refused',
  'signed-out',
  'not-allowed',
  'unit-not-listed',
  'slot-not-permitted',
  'challenge-refused',
  'quota-used',
  'unit-quota-used',
  'demo-refused',
  'not-on-order',
  'order-ended',
  'order-unknown',
  'set-unknown',
  'key-unknown',
  'vault-unknown',
  'export-unknown',
  'transport-key-current',
  'challenge-reused',
  'idempotency-conflict',
  'receipt-conflict',
  'reason-needed',
  'receipt-refused',
  'journal-refused',
  'too-many-requests',
  'service-failed',
] as const satisfies readonly SourceErrorCode[];

export type ProblemCode = (typeof PROBLEM_CODES)[number];

/** Returns the code of a `type` on the wire; undefined for an unknown type. */
export function problemCode(type: string): ProblemCode | undefined {
  return PROBLEM_CODES.find((code) => type === PROBLEM_BASE + code);
}
