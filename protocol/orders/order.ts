// A work order states which keys go into which slots of which units, and until when. It is the
// payload of a signed envelope (docs/protocol.md clauses 6.1 and 9), which the caller verifies.
import * as v from 'valibot';
import { parseJson, readDocument, refused } from '../json/document.ts';
import { integer, type Json, list, printable, time } from '../json/schema.ts';
import { akv, asNumber, kcv, name, ref1, set, suite } from '../service/messages.ts';
import { MAX_ORDER_ID_LENGTH } from '../text/order-id.ts';
import { arrangeUnits, countUnits, hasUnit, MAX_UNITS, serialNumber, type UnitRange } from './units.ts';

export const WORK_ORDER_TYPE = 'application/vnd.keyferry.work-order+json';
export const MAX_LINES = 16;
/**
 * Maximum number of loads of an order: units times lines. A report has one verdict for each load.
 */
export const MAX_LOADS = 40_000;

/**
 * The customer's job number. Ids of new orders are restricted further (protocol/text/order-id.ts).
 */
export const orderId = printable(MAX_ORDER_ID_LENGTH);
export const ref2 = integer(0, 0xfffe);

/** One line: a key to load into one slot of every unit of the order. */
const orderLineSchema = v.object({
  ref1,
  ref2,
  /** Version (AKV) and check value of the key. */
  akv,
  kcv,
  label: printable(64),
});
export type OrderLine = Json<typeof orderLineSchema>;

export const orderOptionsSchema = v.object({
  /**
   * True for a dry run: the AS exports no key for the order. Stations check each unit against the
   * order and request its challenge, and load nothing.
   */
  dryRun: v.boolean(),
  /** Number of failures in a row after which the run stops. Null sets no limit. */
  haltAfter: v.nullable(integer(1, 1000)),
  /** If true, the label of each unit is scanned and compared with its SN before a key is loaded. */
  requireLabelScan: v.boolean(),
});
export type OrderOptions = Json<typeof orderOptionsSchema>;

const rangeSchema = list(serialNumber, 2, 2) as unknown as v.GenericSchema<[from: string, to: string]>;
/** The SN of a single unit, or a range. */
const unitRangeSchema = v.lazy((value) => (typeof value === 'string' ? serialNumber : rangeSchema));

const workOrderSchema = v.object({
  format: v.picklist([1]),
  id: orderId,
  title: name,
  set,
  /** The only suite that may be used; null permits every suite of the set and the unit. */
  suite: v.nullable(suite),
  /** Ranges in ascending sequence, without overlap. */
  units: list(unitRangeSchema, 1, MAX_UNITS),
  /** Number of units. */
  count: integer(1, MAX_UNITS),
  lines: list(orderLineSchema, 1, MAX_LINES),
  options: orderOptionsSchema,
  issued: time,
  notBefore: time,
  until: time,
  /** The AS that issued the order. */
  service: name,
  asNumber,
});
type WrittenOrder = Json<typeof workOrderSchema>;

export interface WorkOrder extends Omit<WrittenOrder, 'units'> {
  /** Ranges in ascending sequence, without overlap. */
  readonly units: readonly UnitRange[];
}

/** @throws ProtocolError file-refused, naming the fault */
export function decodeWorkOrder(value: unknown): WorkOrder {
  const written = readDocument(workOrderSchema, value, 'the work order');
  const units = written.units.map((unit): UnitRange => (typeof unit === 'string' ? [unit, unit] : unit));
  const order = { ...written, units };
  requireConsistent(order);
  return order;
}

/** Decodes the payload of a verified envelope. @throws ProtocolError file-refused */
export function decodeWorkOrderPayload(payload: Uint8Array): WorkOrder {
  return decodeWorkOrder(parseJson(payload, 'the work order'));
}

/** Returns the JSON text to sign. @throws ProtocolError file-refused if readers would refuse it */
export function encodeWorkOrder(order: WorkOrder): string {
  const units = order.units.map(([from, to]) => (from === to ? from : [from, to]));
  const written = { ...order, units };
  decodeWorkOrder(written);
  return JSON.stringify(written);
}

function requireConsistent({ units, count, lines, notBefore, until }: WorkOrder): void {
  const arranged = arrangeUnits(units);
  if (arranged.length !== units.length || arranged.some(([from], index) => from !== units[index]?.[0])) {
    throw refused('the units of the work order are not in ascending order');
  }
  if (countUnits(units) !== count)
    throw refused(`the count of the work order is ${count}, but its list has another number of units`);
  if (count * lines.length > MAX_LOADS) {
    throw refused(`a work order has at most ${MAX_LOADS} keys to load, units times lines`);
  }
  if (new Set(lines.map(({ ref2 }) => ref2)).size !== lines.length) {
    throw refused('two lines of the work order have the same slot');
  }
  if (Date.parse(until) <= Date.parse(notBefore)) throw refused('the work order ends before it begins');
}

/** True iff the unit (32 upper-case hex digits) is on the order. */
export function lists({ units }: WorkOrder, sn: string): boolean {
  return hasUnit(units, sn);
}

/** Returns the line for this REF1 and REF2, or undefined. */
export function findLine({ lines }: WorkOrder, ref1: number, ref2: number): OrderLine | undefined {
  return lines.find((each) => each.ref1 === ref1 && each.ref2 === ref2);
}

/** Whether `now` (ISO 8601) is before, in or after the period in which the order is valid. */
export function timeOf({ notBefore, until }: WorkOrder, now: string): 'early' | 'now' | 'over' {
  if (Date.parse(now) < Date.parse(notBefore)) return 'early';
  return Date.parse(now) > Date.parse(until) ? 'over' : 'now';
}
