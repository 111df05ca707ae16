// A work order: which keys go into which slots of which units, and until when (docs/protocol.md
// clauses 6.1 and 9). The AS signs its JSON for the purpose work-order. The types here describe the
// signed JSON member by member.

import * as shape from '../json/read.ts';
import { isSuiteId, type SuiteId } from '../tkl/suites.ts';
import { arrangeUnits, countUnits, hasUnit, isSerialNumber, MAX_UNITS, type UnitRange } from './units.ts';

export const WORK_ORDER_TYPE = 'application/vnd.keyferry.work-order+json';
export const MAX_LINES = 16;
/** Maximum of units times lines: a report has one verdict for each. */
export const MAX_LOADS = 40_000;

/** One key into one slot of every unit of the order. */
export interface OrderLine {
  readonly ref1: number;
  readonly ref2: number;
  /**
   * Version and check value of the key in the unit after the load. The check value has 10 hex
   * digits, all zero when each unit gets a different key or none.
   */
  readonly akv: number;
  readonly kcv: string;
  readonly label: string;
}

export interface OrderOptions {
  /** Practice the order without loading: the AS refuses every export for it. */
  readonly dryRun: boolean;
  /** Number of consecutive failures after which the run stops; null never stops it. */
  readonly haltAfter: number | null;
  /**
   * Whether the operator scans the label of each unit, to compare it with the SN before a key is
   * loaded.
   */
  readonly requireLabelScan: boolean;
}

export interface WorkOrder {
  readonly format: 1;
  /** The customer's job number, 1 to 64 printable characters. */
  readonly id: string;
  readonly title: string;
  readonly set: number;
  /** The only suite that may be used; null permits every suite of the unit and the set. */
  readonly suite: SuiteId | null;
  /** Ascending, without overlap. */
  readonly units: readonly UnitRange[];
  /** Number of units in `units`. */
  readonly count: number;
  readonly lines: readonly OrderLine[];
  readonly options: OrderOptions;
  readonly issued: string;
  readonly notBefore: string;
  readonly until: string;
  /** Name of the AS that issued the order. */
  readonly service: string;
  readonly asNumber: number;
}

export const serialNumber: shape.Read<string> = (value, path) => {
  if (typeof value === 'string' && isSerialNumber(value)) return value;
  throw shape.refused(`${path} is not a serial number of 32 upper-case hex digits`);
};

/** Reads a single unit as its SN, and a range as [from, to]. */
const unitRange: shape.Read<UnitRange> = (value, path) => {
  if (typeof value === 'string') return [serialNumber(value, path), value];
  const [from, to] = shape.array(serialNumber, 2, 2)(value, path);
  if (from === undefined || to === undefined) throw new TypeError('the list has two elements');
  return [from, to];
};

const line = shape.object<OrderLine>({
  ref1: shape.integer(0, 0xffff),
  ref2: shape.integer(0, 0xfffe),
  akv: shape.integer(1, 0xfffffffe),
  kcv: shape.text(/^[0-9A-F]{10}$/, '10 hex digits'),
  label: shape.printable(64),
});

const suite: shape.Read<SuiteId> = (value, path) => {
  const id = shape.integer(0, 0xff)(value, path);
  if (isSuiteId(id)) return id;
  throw shape.refused(`${path} is not a suite that this version knows`);
};

export const orderId = shape.printable(64);

const fields = shape.object<WorkOrder>({
  format: shape.oneOf(1),
  id: orderId,
  title: shape.printable(200),
  set: shape.integer(1, 0xffffffff),
  suite: shape.nullable(suite),
  units: shape.array(unitRange, 1, MAX_UNITS),
  count: shape.integer(1, MAX_UNITS),
  lines: shape.array(line, 1, MAX_LINES),
  options: shape.object<OrderOptions>({
    dryRun: shape.boolean,
    haltAfter: shape.nullable(shape.integer(1, 1000)),
    requireLabelScan: shape.boolean,
  }),
  issued: shape.time,
  notBefore: shape.time,
  until: shape.time,
  service: shape.printable(200),
  asNumber: shape.integer(0, 0xffff),
});

/** Reads a work order. @throws ProtocolError file-refused, naming the wrong member */
export function decodeWorkOrder(value: unknown): WorkOrder {
  const order = fields(value, 'the work order');
  requireSense(order);
  return order;
}

/**
 * Reads the payload of an envelope; the caller has verified the signature.
 * @throws ProtocolError file-refused
 */
export function decodeWorkOrderPayload(payload: Uint8Array): WorkOrder {
  return decodeWorkOrder(shape.parseJson(payload, 'the work order'));
}

/**
 * The JSON text to sign.
 * @throws ProtocolError file-refused when decodeWorkOrder() would refuse it
 */
export function encodeWorkOrder(order: WorkOrder): string {
  const units = order.units.map(([from, to]) => (from === to ? from : [from, to]));
  const written = { ...order, units };
  decodeWorkOrder(written);
  return JSON.stringify(written);
}

function requireSense({ units, count, lines, notBefore, until }: WorkOrder): void {
  const arranged = arrangeUnits(units);
  if (arranged.length !== units.length || arranged.some(([from], index) => from !== units[index]?.[0])) {
    throw shape.refused('the units of the work order are not in ascending order');
  }
  if (countUnits(units) !== count) throw shape.refused(`the work order says ${count} units and lists others`);
  if (count * lines.length > MAX_LOADS) {
    throw shape.refused(`a work order has at most ${MAX_LOADS} keys to load, units times lines`);
  }
  if (new Set(lines.map(({ ref2 }) => ref2)).size !== lines.length) {
    throw shape.refused('two lines of the work order name the same slot');
  }
  if (Date.parse(until) <= Date.parse(notBefore)) throw shape.refused('the work order ends before it begins');
}

/** True iff the unit (32 upper-case hex digits) is on the order. */
export function lists({ units }: WorkOrder, sn: string): boolean {
  return hasUnit(units, sn);
}

/** The line for this REF1 and REF2, or undefined. */
export function findLine({ lines }: WorkOrder, ref1: number, ref2: number): OrderLine | undefined {
  return lines.find((each) => each.ref1 === ref1 && each.ref2 === ref2);
}

/** Whether the order may be worked at the time `now` (ISO 8601). */
export function timeOf({ notBefore, until }: WorkOrder, now: string): 'early' | 'now' | 'over' {
  if (Date.parse(now) < Date.parse(notBefore)) return 'early';
  return Date.parse(now) > Date.parse(until) ? 'over' : 'now';
}
