// The requests about work orders (docs/protocol.md clause 6.1), with the conventions of
// protocol/service/messages.ts. The service refuses members that a schema does not name.
import * as v from 'valibot';
import { anySerialNumber } from '../json/fields.ts';
import { calendarTime, entered, enteredBy } from '../json/request-fields.ts';
import { type Json, list, text } from '../json/schema.ts';
import { ref1, set, suite } from '../service/messages.ts';
import { MAX_ORDER_ID_LENGTH, readOrderId } from '../text/order-id.ts';
import { outcomeSchema } from './balance.ts';
import { headSchema, VERSION } from './messages.ts';
import { MAX_LINES, orderOptionsSchema, ref2 } from './order.ts';
import { lastDigits, MAX_UNITS } from './units.ts';

/** The id of a new order. Ids of earlier orders may contain characters that are refused here. */
const newOrderId = enteredBy(readOrderId, MAX_ORDER_ID_LENGTH);

/**
 * Body of POST /v1/work-orders. The service adds versions, check values, labels, the count, its own
 * name and the time.
 */
export const newOrderSchema = v.object({
  id: newOrderId,
  title: entered(200),
  set,
  suite: v.nullable(suite),
  /** Each element is an SN, or the first and last SN of a range. */
  units: list(v.union([anySerialNumber, v.strictTuple([anySerialNumber, anySerialNumber])]), 1, MAX_UNITS),
  lines: list(v.object({ ref1, ref2 }), 1, MAX_LINES),
  options: orderOptionsSchema,
  notBefore: calendarTime,
  until: calendarTime,
});
export type NewOrderJson = Json<typeof newOrderSchema>;

/** Query of GET /v1/work-orders: an SN, or its last digits. */
export const workOrdersQuerySchema = v.object({ unit: v.exactOptional(lastDigits) });

/** Query of GET /v1/work-orders/{id}/progress: the version of an earlier answer. */
export const progressQuerySchema = v.object({ seen: v.exactOptional(text(VERSION, 'a version')) });

/** Body of POST /v1/work-orders/{id}/revoke. */
export const revokeOrderSchema = v.object({ reason: entered(500) });

/** The report of a station on one unit. `done` counts only if the service has all receipts. */
const stationUnitSchema = v.object({
  sn: anySerialNumber,
  outcome: outcomeSchema,
  reason: v.nullable(entered(500)),
  begun: v.nullable(calendarTime),
  ended: v.nullable(calendarTime),
});
export type StationUnitJson = Json<typeof stationUnitSchema>;

/** Version and build of the page that worked the order. */
const appSchema = v.object({ version: entered(100), build: entered(100) });
export type AppJson = Json<typeof appSchema>;

/** Body of POST /v1/work-orders/{id}/report. `close` closes the order if it balances. */
export const stationReportSchema = v.object({
  app: appSchema,
  /**
   * The newest audit head that the station saw, which the service compares with its audit log.
   */
  head: v.nullable(headSchema),
  units: list(stationUnitSchema, 0, MAX_UNITS),
  /** Reason for every unit that no station reported. */
  absentReason: v.nullable(entered(500)),
  close: v.boolean(),
});
export type StationReportJson = Json<typeof stationReportSchema>;
