// The requests about exports, receipts and the audit log (docs/protocol.md clause 6), with the
// conventions of messages.ts. The service refuses members that a schema does not name.
import * as v from 'valibot';
import { anySerialNumber } from '../json/fields.ts';
import { entered } from '../json/request-fields.ts';
import { bytes, integer, type Json, list, printable } from '../json/schema.ts';
import { ref1, set, suite, tkv } from './messages.ts';

/** Body of POST /v1/exports, and of one item of POST /v1/exports:batch. */
export const exportRequestSchema = v.object({
  set,
  tkv,
  suite,
  sign: v.boolean(),
  random: bytes(16),
  ref1,
  ref2: integer(0, 0xffff),
  sn: anySerialNumber,
  challengeMac: bytes(16),
  idempotencyKey: bytes(16),
  /**
   * The id of the work order. Ids of earlier orders may contain characters that are refused in new
   * ids.
   */
  workOrder: v.exactOptional(printable(64)),
  /**
   * Reason for exporting the same key to the same unit again in one work order. Required for such
   * an export.
   */
  reason: v.exactOptional(entered(500)),
});
export type ExportRequestJson = Json<typeof exportRequestSchema>;

/** Body of POST /v1/exports:batch. */
export const batchRequestSchema = v.object({ exports: list(exportRequestSchema, 1, 100) });

/** Body of POST /v1/exports:recall. */
export const recallRequestSchema = v.object({ idempotencyKey: bytes(16) });

/** Body of POST /v1/receipts. */
export const receiptRequestSchema = v.object({ exportId: bytes(16), receipt: bytes(64) });
export type ReceiptRequestJson = Json<typeof receiptRequestSchema>;

const DEFAULT_LIMIT = 50;

/** Query of GET /v1/audit. */
export const auditQuerySchema = v.object({
  before: v.exactOptional(v.pipe(v.string(), v.transform(Number), integer(2, Number.MAX_SAFE_INTEGER))),
  limit: v.pipe(
    v.optional(v.string(), String(DEFAULT_LIMIT)),
    v.transform(Number),
    integer(1, 200),
    v.metadata({ default: DEFAULT_LIMIT }),
  ),
});
