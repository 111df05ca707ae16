// The messages about work orders between a client and the service (docs/protocol.md clause 6), with
// the conventions of protocol/service/messages.ts.
import * as v from 'valibot';
import { documentEnvelopeSchema } from '../json/document.ts';
import { integer, type Json, list, printable, text, time } from '../json/schema.ts';
import { hash, set, signedLog } from '../service/messages.ts';
import { unitOutcomeSchema } from './balance.ts';
import { orderId } from './order.ts';
import { serialNumber } from './units.ts';

/** Maximum length of a list of units or of orders. */
const MAX_ROWS = 100_000;

export const VERSION = /^[\w-]{1,64}$/;

export const natural = integer(0, Number.MAX_SAFE_INTEGER);
/** Number and hash of an entry of the audit log. */
export const headSchema = v.object({ sequence: integer(1, Number.MAX_SAFE_INTEGER), hash });

/* @__NO_SIDE_EFFECTS__ */
const rows = <Row extends v.GenericSchema>(row: Row) => list(row, 0, MAX_ROWS);

const stateSchema = v.picklist(['open', 'revoked', 'closed']);
export type OrderState = Json<typeof stateSchema>;

/** The result for one unit so far, on all stations. */
const orderUnitSchema = v.object({
  sn: serialNumber,
  /** Number of exports for the unit, including those repeated with a reason. */
  exports: natural,
  /** Number of lines for which the AS has a receipt of the unit. */
  proven: natural,
});
export type OrderUnitJson = Json<typeof orderUnitSchema>;

const foundUnitSchema = v.object({
  ...orderUnitSchema.entries,
  /** Number of units of the order whose SN ends with the requested digits. */
  count: natural,
});
export type FoundUnitJson = Json<typeof foundUnitSchema>;

/** Answer of GET /v1/work-orders/{id}, and of a POST that issues or revokes an order. */
export const orderSchema = v.object({
  /** The payload is a WorkOrder, of type WORK_ORDER_TYPE. */
  order: documentEnvelopeSchema,
  state: stateSchema,
  /** Why the order was revoked. */
  reason: v.nullable(printable(500)),
  units: rows(orderUnitSchema),
  ...signedLog,
});
export type OrderJson = Json<typeof orderSchema>;

/**
 * Answer of GET /v1/work-orders/{id}/progress?seen=, where `seen` is the version of an earlier
 * answer. `units` contains the units that changed since that answer. If `seen` is missing, or is
 * from before the last start of the service, `units` contains all units with an export.
 */
export const orderProgressSchema = v.object({
  state: stateSchema,
  /** Why the order was revoked. */
  reason: v.nullable(printable(500)),
  /** The clock of the AS. */
  time,
  version: text(VERSION, 'a version'),
  /** Number of units with a verified receipt of every line. */
  done: natural,
  units: rows(orderUnitSchema),
});
export type OrderProgressJson = Json<typeof orderProgressSchema>;

/**
 * A work order, or a job number for which there is no signed order, with the counts of its exports
 * and receipts.
 */
const workOrderFactsSchema = v.object({
  workOrder: orderId,
  exports: natural,
  /** Number of exports for which the AS has a receipt. */
  receipts: natural,
  /** Time of the newest export, or of the issue of the order if there is no export. */
  time,
  /** Null for a job number without a signed order. */
  order: v.nullable(
    v.object({
      title: printable(200),
      set,
      /** Number of units. */
      count: natural,
      lines: natural,
      /** Number of units with a verified receipt of every line. */
      done: natural,
      state: stateSchema,
      notBefore: time,
      until: time,
      dryRun: v.boolean(),
    }),
  ),
  /** The first unit that matches the query `unit`; null if the query has no `unit`. */
  unit: v.nullable(foundUnitSchema),
});
export type WorkOrderJson = Json<typeof workOrderFactsSchema>;
/** A job number that export requests contained, with its counts. */
export type NamedOrderJson = Omit<WorkOrderJson, 'order' | 'unit'>;

/**
 * Answer of GET /v1/work-orders: the orders of the sets that this operator may see, and the job
 * numbers in this operator's exports. An auditor and an administrator receive all of them. If the
 * query has `unit`, the answer contains only the orders with such a unit.
 */
export const workOrdersSchema = v.object({ workOrders: rows(workOrderFactsSchema) });
export type WorkOrdersJson = Json<typeof workOrdersSchema>;

/**
 * A client checks this member of the answer to GET /v1/work-orders/{id}/report, because another
 * server may answer with other JSON.
 */
export const reportFormatSchema = v.object({ format: v.picklist(['keyferry-report-1']) });

/** Answer of POST /v1/work-orders/{id}/report. */
export const stationReportAnswerSchema = v.object({
  /** False if the order does not balance (see balance.missing) or `close` was false. */
  closed: v.boolean(),
  /** Balance over all stations. `gaps` and `missing` contain at most 1000 units. */
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
  ...signedLog,
});
export type StationReportAnswerJson = Json<typeof stationReportAnswerSchema>;
