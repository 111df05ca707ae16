// Routes for exports, batches, recalls and receipts (docs/protocol.md clause 6).
import { toBase64url } from '#protocol/bytes/text.ts';
import {
  batchAnswerSchema,
  type ExportAnswerJson,
  exportAnswerSchema,
  type RecallAnswerJson,
  type ReceiptAnswerJson,
  recallAnswerSchema,
  receiptAnswerSchema,
  type SignedLogJson,
} from '#protocol/service/messages.ts';
import type { ProblemCode } from '#protocol/service/problem.ts';
import {
  batchRequestSchema,
  type ExportRequestJson,
  exportRequestSchema,
  recallRequestSchema,
  receiptRequestSchema,
} from '#protocol/service/requests.ts';
import { HEADER_LENGTH } from '#protocol/tkl/header.ts';
import { problemJson, problemOf } from '../../http/answer.ts';
import { type Call, route } from './route.ts';

const EXPORT_PROBLEMS: readonly ProblemCode[] = [
  'set-unknown',
  'key-unknown',
  'slot-not-permitted',
  'transport-key-current',
  'unit-not-listed',
  'not-on-order',
  'order-ended',
  'reason-needed',
  'demo-refused',
  'challenge-refused',
  'challenge-reused',
  'idempotency-conflict',
  'quota-used',
  'unit-quota-used',
  'too-many-requests',
];

async function exportOne(
  { as, signedIn }: Call<unknown>,
  request: ExportRequestJson,
): Promise<Omit<ExportAnswerJson, keyof SignedLogJson>> {
  const { exportId, data } = await as.exporter.export(request, signedIn);
  return { exportId, data: toBase64url(data) };
}

export const exportsRoute = route({
  method: 'post',
  path: '/v1/exports',
  summary: 'Exports one key for one unit. The audit log entry is durable before the response.',
  roles: ['operator'],
  input: exportRequestSchema,
  output: exportAnswerSchema,
  problems: EXPORT_PROBLEMS,
  handle: async (call) => {
    const exported = await exportOne(call, call.input);
    return { ...exported, ...(await call.signLog()) };
  },
});

export const batchRoute = route({
  method: 'post',
  path: '/v1/exports:batch',
  summary: 'Exports for up to 100 units. A refused item does not affect the others.',
  roles: ['operator'],
  input: batchRequestSchema,
  output: batchAnswerSchema,
  problems: ['too-many-requests'],
  handle: async (call) => {
    call.spend(call.input.exports.length - 1);
    const refused = (cause: unknown) => ({ problem: problemJson(problemOf(cause, call.report)) });
    const results = await Promise.all(call.input.exports.map((request) => exportOne(call, request).catch(refused)));
    return { results, ...(await call.signLog()) };
  },
});

export const recallRoute = route({
  method: 'post',
  path: '/v1/exports:recall',
  summary:
    'Looks up an export by idempotency key, for a page that lost the response. Does not export and returns no DATA.',
  roles: ['operator'],
  input: recallRequestSchema,
  output: recallAnswerSchema,
  problems: ['export-unknown', 'not-allowed', 'too-many-requests'],
  handle: async ({ as, input, signedIn, signLog }): Promise<RecallAnswerJson> => {
    const { exportId, data, dataHash } = as.exporter.recall(input.idempotencyKey, signedIn.account);
    const summary = { header: toBase64url(data.subarray(0, HEADER_LENGTH)), dataHash: toBase64url(dataHash) };
    return { exportId, ...summary, ...(await signLog()) };
  },
});

export const receiptsRoute = route({
  method: 'post',
  path: '/v1/receipts',
  summary: 'Verifies the receipt of a unit and returns the signed verdict.',
  roles: ['operator'],
  input: receiptRequestSchema,
  output: receiptAnswerSchema,
  problems: ['export-unknown', 'receipt-refused', 'receipt-conflict', 'too-many-requests'],
  handle: async ({ as, input, signedIn, signLog }): Promise<ReceiptAnswerJson> => {
    const verdict = await as.exporter.verifyReceipt(input, signedIn);
    const { signatures } = as;
    return { verdict: await signatures.signVerdict(verdict), ...(await signLog()) };
  },
});
