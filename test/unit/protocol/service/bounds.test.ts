// The limits of each member in the messages about exports, keys, trust and the audit log
// (docs/protocol.md clauses 6 and 9).
import { expect, it } from 'vitest';
import { toBase64url } from '#protocol/bytes/text.ts';
import { readDocument } from '#protocol/json/document.ts';
import type { Schema } from '#protocol/json/schema.ts';
import {
  AUDIT_HEAD_TYPE,
  auditHeadSchema,
  auditPageSchema,
  batchAnswerSchema,
  CERTIFICATE_TYPE,
  certificateSchema,
  exportAnswerSchema,
  keysSchema,
  problemSchema,
  recallAnswerSchema,
  receiptAnswerSchema,
  trustSchema,
  VERDICT_TYPE,
  verdictSchema,
  whoamiSchema,
} from '#protocol/service/messages.ts';
import {
  auditQuerySchema,
  batchRequestSchema,
  recallRequestSchema,
  receiptRequestSchema,
} from '#protocol/service/requests.ts';
import { type Bound, expectBounds } from '#test/support/bounds.ts';

const TIME = '2026-11-23T12:00:00.000Z';
const SN = '00000000000000004549000000000007';
const MAX = Number.MAX_SAFE_INTEGER;
const zeros = (length: number): string => toBase64url(new Uint8Array(length));
const reader = (schema: Schema) => (value: unknown) => readDocument(schema, value, 'message');
const envelope = {
  ...{ payloadType: 'application/json', payload: zeros(3) },
  signatures: [{ keyid: '0123456789ABCDEF', sig: zeros(64) }],
};
const problem = { type: 'not-allowed', title: 'Refused', status: 403, detail: 'The operator may not.' };
const key = { ref1: 1, label: 'Data key', attributes: 'D0AB00N', akv: 1, slot: 2, kcv: '5AAA42C6AD' };
const set = {
  ...{ set: 1, name: 'Line 3', profile: 'shared', demo: false, keys: [key] },
  transportKeys: [{ tkv: 1, suites: [1] }],
};
const entry = {
  ...{ sequence: 1, time: TIME, previous: zeros(32), event: 'export', actor: null, details: { xc: 1 } },
  sealed: zeros(32),
};
const request = {
  ...{ set: 1, tkv: 1, suite: 1, sign: false, random: zeros(16), ref1: 1, ref2: 2, sn: SN },
  ...{ challengeMac: zeros(16), idempotencyKey: zeros(16), workOrder: 'JOB', reason: 'Lost' },
};

const CASES: Readonly<Record<string, readonly [Schema, unknown, readonly Bound[]]>> = {
  'an envelope in an answer': [
    receiptAnswerSchema,
    { verdict: envelope, auditHead: envelope },
    [
      ['verdict.payloadType', 'text', 1, 200],
      ['verdict.payload', 'bytes', 2, 65_536],
      ['verdict.signatures', 'items', 1, 1],
      ['verdict.signatures.0.keyid', 'text', 16, 16],
      ['verdict.signatures.0.sig', 'bytes', 64, 64],
    ],
  ],
  'an export': [
    exportAnswerSchema,
    { exportId: 'a', data: zeros(66), auditHead: envelope },
    [
      ['exportId', 'text', 1, 64],
      ['data', 'bytes', 66, 1290],
    ],
  ],
  'a recalled export': [
    recallAnswerSchema,
    { exportId: 'a', header: zeros(48), dataHash: zeros(32), auditHead: envelope },
    [
      ['header', 'bytes', 48, 48],
      ['dataHash', 'bytes', 32, 32],
    ],
  ],
  'a verdict': [
    verdictSchema,
    { exportId: 'a', receipt: zeros(64), dataHash: zeros(32), workOrder: 'JOB', operator: 'maria', time: TIME },
    [
      ['receipt', 'bytes', 64, 64],
      ['dataHash', 'bytes', 32, 32],
      ['workOrder', 'text', 1, 200],
      ['operator', 'text', 1, 200],
    ],
  ],
  'an audit head': [
    auditHeadSchema,
    { sequence: 1, hash: zeros(32), time: TIME },
    [
      ['sequence', 'integer', 1, MAX],
      ['hash', 'bytes', 32, 32],
    ],
  ],
  'a certificate': [
    certificateSchema,
    { purpose: 'data', publicKey: zeros(32), asNumber: 0, from: TIME, until: TIME },
    [
      ['publicKey', 'bytes', 32, 32],
      ['asNumber', 'integer', 0, 0xffff],
    ],
  ],
  'the trust of an AS': [
    trustSchema,
    { root: zeros(32), certificates: [envelope] },
    [
      ['root', 'bytes', 32, 32],
      ['certificates', 'items', 0, 1000],
    ],
  ],
  'a signed-in operator': [
    whoamiSchema,
    {
      ...{ operator: 'maria', role: 'operator', expires: TIME },
      service: { name: 'Keyferry AS', asNumber: 0, demo: false },
    },
    [
      ['operator', 'text', 1, 200],
      ['service.name', 'text', 1, 200],
      ['service.asNumber', 'integer', 0, 0xffff],
    ],
  ],
  'the keys of an operator': [
    keysSchema,
    { sets: [set] },
    [
      ['sets', 'items', 0, 1000],
      ['sets.0.set', 'integer', 1, 0xffffffff],
      ['sets.0.name', 'text', 1, 200],
      ['sets.0.transportKeys', 'items', 0, 255],
      ['sets.0.transportKeys.0.tkv', 'integer', 1, 255],
      ['sets.0.transportKeys.0.suites', 'items', 0, 8],
      ['sets.0.keys', 'items', 0, 10_000],
      ['sets.0.keys.0.ref1', 'integer', 0, 0xffff],
      ['sets.0.keys.0.label', 'text', 1, 200],
      ['sets.0.keys.0.akv', 'integer', 1, 0xfffffffe],
      ['sets.0.keys.0.slot', 'integer', 0, 0xffff],
      ['sets.0.keys.0.kcv', 'text', 10, 10],
    ],
  ],
  'a problem': [
    problemSchema,
    problem,
    [
      ['type', 'text', 1, 200],
      ['title', 'text', 1, 200],
      ['status', 'integer', 400, 599],
      ['detail', 'text', 0, 1000],
    ],
  ],
  'the answers of a batch': [
    batchAnswerSchema,
    { results: [{ exportId: 'a', data: zeros(66) }], auditHead: envelope },
    [['results', 'items', 1, 100]],
  ],
  'a page of the audit log': [
    auditPageSchema,
    { entries: [{ entry, hash: zeros(32) }], before: 2, auditHead: envelope },
    [
      ['entries', 'items', 0, 200],
      ['entries.0.entry.sequence', 'integer', 1, MAX],
      ['entries.0.entry.previous', 'bytes', 32, 32],
      ['entries.0.entry.event', 'text', 1, 200],
      ['entries.0.entry.sealed', 'bytes', 32, 32],
      ['entries.0.hash', 'bytes', 32, 32],
      ['before', 'integer', 2, MAX],
    ],
  ],
  'the requests of a batch': [
    batchRequestSchema,
    { exports: [request] },
    [
      ['exports', 'items', 1, 100],
      ['exports.0.set', 'integer', 1, 0xffffffff],
      ['exports.0.tkv', 'integer', 1, 255],
      ['exports.0.random', 'bytes', 16, 16],
      ['exports.0.ref1', 'integer', 0, 0xffff],
      ['exports.0.ref2', 'integer', 0, 0xffff],
      ['exports.0.sn', 'text', 32, 32],
      ['exports.0.challengeMac', 'bytes', 16, 16],
      ['exports.0.idempotencyKey', 'bytes', 16, 16],
      ['exports.0.workOrder', 'text', 1, 64],
    ],
  ],
  'a recall': [recallRequestSchema, { idempotencyKey: zeros(16) }, [['idempotencyKey', 'bytes', 16, 16]]],
  'a receipt': [
    receiptRequestSchema,
    { exportId: zeros(16), receipt: zeros(64) },
    [
      ['exportId', 'bytes', 16, 16],
      ['receipt', 'bytes', 64, 64],
    ],
  ],
};

it.each(Object.entries(CASES))('%s', (_name, [schema, value, bounds]) => {
  expectBounds(reader(schema), value, bounds);
});

it('the reason of an export has at most 500 characters', () => {
  const read = (reason: string) => reader(batchRequestSchema)({ exports: [{ ...request, reason }] });
  expect(() => read('x'.repeat(500))).not.toThrow();
  for (const reason of ['', 'x'.repeat(501)]) expect(() => read(reason)).toThrow('message.exports[0].reason');
});

it('the query of the audit log has numbers from 2 on, and a limit of 1 to 200, or 50 without one', () => {
  const read = reader(auditQuerySchema);
  expect(read({})).toEqual({ limit: 50 });
  expect(read({ before: '2', limit: '1' })).toEqual({ before: 2, limit: 1 });
  expect(read({ before: String(MAX), limit: '200' })).toEqual({ before: MAX, limit: 200 });
  for (const before of ['1', 'x', '2.5']) expect(() => read({ before })).toThrow('message.before is not');
  for (const limit of ['0', '201', 'x']) expect(() => read({ limit })).toThrow('message.limit is not');
});

it('signed payloads have the types of docs/protocol.md clause 9', () => {
  expect([CERTIFICATE_TYPE, VERDICT_TYPE, AUDIT_HEAD_TYPE]).toEqual(
    ['certificate', 'verdict', 'audit-head'].map((name) => `application/vnd.keyferry.${name}+json`),
  );
});

it('words are accepted only from their list', () => {
  const service = { name: 'Keyferry AS', asNumber: 0, demo: false };
  const whoami = { operator: 'maria', expires: TIME, service };
  for (const role of ['operator', 'custodian', 'auditor', 'administrator']) {
    expect(reader(whoamiSchema)({ ...whoami, role })).toMatchObject({ role });
  }
  const certificate = { publicKey: zeros(32), asNumber: 0, from: TIME, until: TIME };
  for (const purpose of ['data', 'verdict', 'audit-head', 'work-order', 'report', 'vault', 'vault-journal', 'site']) {
    expect(reader(certificateSchema)({ ...certificate, purpose })).toMatchObject({ purpose });
  }
  for (const profile of ['shared', 'diversified']) {
    expect(reader(keysSchema)({ sets: [{ ...set, profile }] })).toMatchObject({ sets: [{ profile }] });
  }
  for (const word of ['', 'root']) {
    expect(() => reader(whoamiSchema)({ ...whoami, role: word })).toThrow('message.role is not');
    expect(() => reader(certificateSchema)({ ...certificate, purpose: word })).toThrow('message.purpose is not');
    expect(() => reader(keysSchema)({ sets: [{ ...set, profile: word }] })).toThrow('profile is not');
  }
});

it('texts with an alphabet are refused with any other character', () => {
  const keys = (change: object) => () => reader(keysSchema)({ sets: [{ ...set, keys: [{ ...key, ...change }] }] });
  expect(keys({ attributes: '' })).not.toThrow();
  for (const attributes of ['D0AB00', 'D0AB00NN', 'd0AB00N', '-0AB00N'])
    expect(keys({ attributes })).toThrow('attributes');
  for (const kcv of ['5AAA42C6Ad', '5AAA42C6AG', '5AAA42C6A', '05AAA42C6AD']) expect(keys({ kcv })).toThrow('kcv');
  for (const change of [{ type: 'a b' }, { detail: 'a\u0007' }, { title: '' }]) {
    expect(() => reader(problemSchema)({ ...problem, ...change })).toThrow('message.');
  }
  const answer = { exportId: 'a-_9', data: zeros(66), auditHead: envelope };
  expect(() => reader(exportAnswerSchema)(answer)).not.toThrow();
  for (const exportId of ['a b', 'a/', '+a']) {
    expect(() => reader(exportAnswerSchema)({ ...answer, exportId })).toThrow('message.exportId');
  }
});
