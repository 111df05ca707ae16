// HTTP status and title of each problem of the service (RFC 9457). The page shows other sentences.
import type { ProblemCode } from './problem.ts';

export interface ProblemKind {
  readonly status: number;
  readonly title: string;
}

export const PROBLEMS = {
  'request-refused': { status: 400, title: 'The request is malformed' },
  'signed-out': { status: 401, title: 'No valid access code' },
  'not-allowed': { status: 403, title: 'This operator may not do that' },
  'unit-not-listed': { status: 403, title: 'This unit is not listed for the set' },
  'slot-not-permitted': { status: 403, title: 'The key may not go into that slot' },
  'challenge-refused': { status: 403, title: 'The unit did not prove that it belongs to the set' },
  'quota-used': { status: 403, title: 'No exports are left' },
  'unit-quota-used': { status: 403, title: 'No exports are left for this unit' },
  'demo-refused': { status: 403, title: 'Demo sets are refused by this service' },
  'not-on-order': { status: 403, title: 'The work order does not contain this' },
  'order-ended': { status: 403, title: 'The work order is not valid now' },
  'order-unknown': { status: 404, title: 'No such work order' },
  'set-unknown': { status: 404, title: 'No such set or transport key version' },
  'key-unknown': { status: 404, title: 'No such key for the set' },
  'vault-unknown': { status: 404, title: 'No such vault' },
  'export-unknown': { status: 404, title: 'No such export' },
  'transport-key-current': { status: 409, title: 'The unit has this transport key or a newer one' },
  'challenge-reused': { status: 409, title: 'The challenge was used for another export' },
  'idempotency-conflict': { status: 409, title: 'The idempotency key was used with another request' },
  'receipt-conflict': { status: 409, title: 'The export has another receipt' },
  'reason-needed': { status: 409, title: 'A second export for the same unit needs a reason' },
  'receipt-refused': { status: 422, title: 'The receipt does not verify' },
  'journal-refused': { status: 422, title: 'The journal is not from this vault' },
  'too-many-requests': { status: 429, title: 'Too many requests' },
  'service-failed': { status: 500, title: 'The service failed' },
} as const satisfies Record<ProblemCode, ProblemKind>;
