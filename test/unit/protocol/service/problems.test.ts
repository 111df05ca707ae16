// The problems of the service. Clients tell them apart by their HTTP status and type.
import { expect, it } from 'vitest';
import { type ProblemCode, problemCode } from '#protocol/service/problem.ts';
import { PROBLEMS } from '#protocol/service/problem-kinds.ts';

const BY_STATUS: Readonly<Record<number, readonly ProblemCode[]>> = {
  400: ['request-refused'],
  401: ['signed-out'],
  403: [
    ...(['not-allowed', 'unit-not-listed', 'slot-not-permitted', 'challenge-refused', 'quota-used'] as const),
    ...(['unit-quota-used', 'demo-refused', 'not-on-order', 'order-ended'] as const),
  ],
  404: ['order-unknown', 'set-unknown', 'key-unknown', 'vault-unknown', 'export-unknown'],
  409: [
    ...(['transport-key-current', 'challenge-reused', 'idempotency-conflict', 'receipt-conflict'] as const),
    'reason-needed',
  ],
  422: ['receipt-refused', 'journal-refused'],
  429: ['too-many-requests'],
  500: ['service-failed'],
};

it('each problem has its status, a title and a type that clients know', () => {
  const codes = Object.values(BY_STATUS).flat();
  expect(Object.keys(PROBLEMS)).toEqual(codes);
  for (const [status, ofStatus] of Object.entries(BY_STATUS)) {
    for (const code of ofStatus) {
      expect(PROBLEMS[code].status, code).toBe(Number(status));
      expect(PROBLEMS[code].title, code).toMatch(/^[A-Z][\w ]+$/);
      expect(problemCode(`urn:keyferry:problem:${code}`)).toBe(code);
    }
  }
});

it('an unknown type has no code', () => {
  for (const type of ['not-allowed', 'urn:keyferry:problem:', 'urn:keyferry:problem:new', 'about:blank']) {
    expect(problemCode(type)).toBeUndefined();
  }
});
