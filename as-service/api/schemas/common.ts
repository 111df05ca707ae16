// Schemas for the JSON of protocol/service/messages.ts. The service checks every request with them
// before its handler runs, and creates the OpenAPI document from them, so that both always agree.
// They refuse members that they do not name.

import { z } from 'zod';
import type {
  AuditPageJson,
  BatchAnswerJson,
  BatchRequestJson,
  ExportAnswerJson,
  ExportRequestJson,
  KeysJson,
  ProblemJson,
  RecallAnswerJson,
  RecallRequestJson,
  ReceiptAnswerJson,
  ReceiptRequestJson,
  TrustJson,
  WhoamiJson,
} from '#protocol/service/messages.ts';
import { PROBLEM_BASE } from '#protocol/service/problem.ts';
import { PROBLEMS } from '#protocol/service/problem-kinds.ts';
import { HEADER_LENGTH } from '#protocol/tkl/header.ts';

/**
 * base64url of exactly `length` bytes without padding. The unused last bits must be zero, so that
 * each value has only one text.
 */
export function octets(length: number) {
  const last = ['', '', '[AQgw]', '[AEIMQUYcgkosw048]'][Math.ceil((length % 3) * (4 / 3))] ?? '';
  const whole = Math.ceil((length * 4) / 3) - (last === '' ? 0 : 1);
  return z.string().regex(new RegExp(`^[A-Za-z0-9_-]{${whole}}${last}$`), `must be ${length} octets in base64url`);
}

export const integer = (least: number, most: number) => z.int().min(least).max(most);
/** Text that a person writes: 1 to `most` printable characters. */
export function printable(most: number) {
  const pattern = new RegExp(`^[\\p{L}\\p{M}\\p{N}\\p{P}\\p{S} ]{1,${most}}$`, 'u');
  return z.string().regex(pattern, `must be 1 to ${most} printable characters`);
}

export const text = z.string().min(1);
const base64url = z.string().regex(/^[A-Za-z0-9_-]+$/);
export const time = z.iso.datetime();
export const set = integer(1, 0xffffffff);
export const ref1 = integer(0, 0xffff);
export const suite = z.literal([1, 2, 4]);
export const serialNumber = z.string().regex(/^[0-9A-F]{32}$/, 'must be 32 upper-case hex digits');
const exportId = octets(16);

export const envelope = z.strictObject({
  payloadType: text,
  payload: base64url,
  signatures: z.tuple([z.strictObject({ keyid: z.string().regex(/^[0-9A-F]{16}$/), sig: octets(64) })]),
});

export const exportRequest = z.strictObject({
  set,
  tkv: integer(1, 0xff),
  suite,
  sign: z.boolean(),
  random: octets(16),
  ref1,
  ref2: integer(0, 0xffff),
  sn: serialNumber,
  challengeMac: octets(16),
  idempotencyKey: octets(16),
  // These members may be missing, but must not be null.
  workOrder: z.exactOptional(printable(64)),
  reason: z.exactOptional(printable(500)),
}) satisfies z.ZodType<ExportRequestJson>;

export const batchRequest = z.strictObject({
  exports: z.array(exportRequest).min(1).max(100),
}) satisfies z.ZodType<BatchRequestJson>;

export const recallRequest = z.strictObject({
  idempotencyKey: octets(16),
}) satisfies z.ZodType<RecallRequestJson>;

export const receiptRequest = z.strictObject({
  exportId,
  receipt: octets(64),
}) satisfies z.ZodType<ReceiptRequestJson>;

export const auditQuery = z.strictObject({
  before: z.exactOptional(z.coerce.number().int().min(2)),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export const problem = z.strictObject({
  type: z.enum(Object.keys(PROBLEMS).map((code) => `${PROBLEM_BASE}${code}`)),
  title: text,
  status: integer(400, 599),
  detail: text,
}) satisfies z.ZodType<ProblemJson>;

const exported = { exportId, data: base64url };

export const exportAnswer = z.strictObject({ ...exported, auditHead: envelope }) satisfies z.ZodType<ExportAnswerJson>;

export const recallAnswer = z.strictObject({
  exportId,
  header: octets(HEADER_LENGTH),
  dataHash: octets(32),
  auditHead: envelope,
}) satisfies z.ZodType<RecallAnswerJson>;

export const batchAnswer = z.strictObject({
  results: z.array(z.union([z.strictObject(exported), z.strictObject({ problem })])),
  auditHead: envelope,
}) satisfies z.ZodType<BatchAnswerJson>;

export const receiptAnswer = z.strictObject({
  verdict: envelope,
  auditHead: envelope,
}) satisfies z.ZodType<ReceiptAnswerJson>;

export const keysAnswer = z.strictObject({
  sets: z.array(
    z.strictObject({
      set,
      name: text,
      profile: z.enum(['shared', 'diversified']),
      demo: z.boolean(),
      transportKeys: z.array(z.strictObject({ tkv: integer(1, 0xff), suites: z.array(suite) })),
      keys: z.array(
        z.strictObject({
          ref1,
          label: text,
          attributes: z.string().regex(/^([A-Z0-9]{7})?$/),
          akv: integer(1, 0xfffffffe),
          slot: integer(0, 0xffff),
          kcv: z.string().regex(/^[0-9A-F]{10}$/),
        }),
      ),
    }),
  ),
}) satisfies z.ZodType<KeysJson>;

export const whoamiAnswer = z.strictObject({
  operator: text,
  role: z.enum(['operator', 'custodian', 'auditor', 'administrator']),
  expires: time,
  service: z.strictObject({ name: text, asNumber: integer(0, 0xffff), demo: z.boolean() }),
}) satisfies z.ZodType<WhoamiJson>;

const auditEntry = z.strictObject({
  sequence: integer(1, Number.MAX_SAFE_INTEGER),
  time,
  previous: octets(32),
  event: text,
  actor: z.nullable(z.string()),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  sealed: z.exactOptional(octets(32)),
});

export const auditPage = z.strictObject({
  entries: z.array(z.strictObject({ entry: auditEntry, hash: octets(32) })),
  before: z.nullable(integer(2, Number.MAX_SAFE_INTEGER)),
  auditHead: envelope,
}) satisfies z.ZodType<AuditPageJson>;

export const trustAnswer = z.strictObject({
  root: octets(32),
  certificates: z.array(envelope),
}) satisfies z.ZodType<TrustJson>;
