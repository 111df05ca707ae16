// The messages about work orders between a client and the service (docs/protocol.md clause 6).
// Conventions as in protocol/service/messages.ts.
import * as v from 'valibot';
import { documentEnvelopeSchema } from '../json/document.ts';
import { envelopeSchema } from '../json/envelope.ts';
import { integer, type Json, list, printable, time } from '../json/schema.ts';
import { hash, set } from '../service/messages.ts';
import { unitOutcomeSchema } from './balance.ts';
import { orderId } from './order.ts';
import { serialNumber } from './units.ts';

/** Longer than the list of any order. */
const MAX_ROWS = 100_000;

export const natural = integer(0, Number.MAX_SAFE_INTEGER);
/** Number and hash of an entry of the audit log. */
export const headSchema = v.object({ sequence: integer(1, Number.MAX_SAFE_INTEGER), hash });

/* @__NO_SIDE_EFFECTS__ */
const rows = <Row extends v.GenericSchema>(row: Row) => list(row, 0, MAX_ROWS);

const stateSchema = v.picklist(['open', 'revoked', 'closed']);
export type OrderState = Json<typeof stateSchema>;

/** The result for one unit so far, on all stations. Units without an export are left out. */
const orderUnitSchema = v.object({
  sn: serialNumber,
  /** Exports for it, those that were repeated with a reason included. */
  exports: natural,
  /** Lines of the order whose receipt is in. */
  proven: natural,
});
export type OrderUnitJson = Json<typeof orderUnitSchema>;

/** GET /v1/work-orders/{id}, and the answer to a POST that issued or revoked an order. */
export const orderSchema = v.object({
  /** Payload WorkOrder of type WORK_ORDER_TYPE. */
  order: documentEnvelopeSchema,
  state: stateSchema,
  /** Why it was revoked. */
  reason: v.nullable(printable(500)),
  units: rows(orderUnitSchema),
  auditHead: envelopeSchema,
});
export type OrderJson = Json<typeof orderSchema>;

/** A work order, or a job number that exports named, with the number of exports. */
const workOrderFactsSchema = v.object({
  workOrder: orderId,
  exports: natural,
  /** Exports whose receipt is in. */
  receipts: natural,
  /** Time of the newest export; without an export, when the order was issued. */
  time,
  /** Null for a number without a signed order. */
  order: v.nullable(
    v.object({
      title: printable(200),
      set,
      /** Units. */
      count: natural,
      lines: natural,
      state: stateSchema,
      notBefore: time,
      until: time,
      dryRun: v.boolean(),
    }),
  ),
});
export type WorkOrderJson = Json<typeof workOrderFactsSchema>;

/**
 * GET /v1/work-orders: the orders of the sets that this operator may see, and the numbers that the
 * operator's exports named. An auditor and an administrator see all.
 */
export const workOrdersSchema = v.object({ workOrders: rows(workOrderFactsSchema) });
export type WorkOrdersJson = Json<typeof workOrdersSchema>;

/** POST /v1/work-orders/{id}/report. */
export const stationReportAnswerSchema = v.object({
  /** False: the order does not balance (see balance.missing), or `close` was false. */
  closed: v.boolean(),
  /** Of all stations together. `gaps` and `missing` are cut after 1000. */
  balance: v.object({
    total: natural,
    done: natural,
    failed: natural,
    unknown: natural,
    absent: natural,
    gaps: rows(unitOutcomeSchema),
    missing: rows(unitOutcomeSchema),
    unlisted: rows(serialNumber),
    mayClose: v.boolean(),
  }),
  auditHead: envelopeSchema,
});
export type StationReportAnswerJson = Json<typeof stationReportAnswerSchema>;
