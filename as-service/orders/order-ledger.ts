// Index of all work orders of this service, with the station reports on them. Each start of the
// service builds the index from the audit log. Then each log entry updates it once the entry is
// durable.
import { fromBase64url } from '#protocol/bytes/text.ts';
import { IntegrityError } from '#protocol/errors.ts';
import type { OrderState } from '#protocol/orders/messages.ts';
import { decodeWorkOrderPayload, type WorkOrder } from '#protocol/orders/order.ts';
import type { ReportStation } from '#protocol/orders/report.ts';
import type { AppJson, StationUnitJson } from '#protocol/orders/requests.ts';
import { CLOSING_EVENT } from '#protocol/orders/verify-closing.ts';
import type { AuditHeadJson } from '#protocol/service/messages.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import { formOf, repairReason } from '#protocol/text/permitted-text.ts';
import type { AuditLine } from '../audit-log/audit-line.ts';

export interface OrderEntry {
  readonly envelope: Envelope;
  readonly order: WorkOrder;
  readonly state: OrderState;
  /** Reason of the revocation. */
  readonly reason: string | null;
  /** For each SN, the last report on the unit by any station. */
  readonly reported: ReadonlyMap<string, StationUnitJson>;
  readonly stations: readonly ReportStation[];
  /** Serial numbers of the units in the last station report. */
  readonly lastReported: readonly string[];
  /** One reason for all units without exports and reports. */
  readonly absentReason: string | null;
  readonly closed: { readonly by: string; readonly head: AuditHeadJson } | null;
}

/** The sealed part of a 'work-order-reported' entry: a station report. */
export interface StationPart {
  readonly app: AppJson;
  readonly head: ReportStation['head'];
  readonly units: readonly StationUnitJson[];
  readonly absentReason: string | null;
}

/** Names of the events in the audit log. */
export const ORDER_EVENTS = {
  issued: 'work-order-issued',
  revoked: 'work-order-revoked',
  reported: 'work-order-reported',
  closed: CLOSING_EVENT,
} as const;

/** Maximum number of station reports that an order lists; the oldest are dropped. */
const MAX_STATIONS = 1000;

export class OrderLedger {
  readonly #orders = new Map<string, OrderEntry>();
  /**
   * Id of an order by the normal form of the id. The oldest order wins if several have the same
   * form.
   */
  readonly #ids = new Map<string, string>();

  /**
   * Returns the order with exactly this id. If there is none, returns the order whose id has the
   * same normal form.
   */
  find(id: string): OrderEntry | undefined {
    return this.#orders.get(id) ?? this.#orders.get(this.#ids.get(formOf(id)) ?? id);
  }

  /** Returns all orders, oldest first. */
  all(): Iterable<OrderEntry> {
    return this.#orders.values();
  }

  issue(envelope: Envelope): void {
    const order = decodeWorkOrderPayload(fromBase64url(envelope.payload));
    const initial = { reason: null, reported: new Map(), absentReason: null, closed: null };
    this.#orders.set(order.id, { envelope, order, state: 'open', stations: [], lastReported: [], ...initial });
    const form = formOf(order.id);
    if (!this.#ids.has(form)) this.#ids.set(form, order.id);
  }

  revoke(id: string, reason: string): void {
    this.#change(id, (before) => ({ ...before, state: 'revoked', reason }));
  }

  report(id: string, operator: string, { app, head, units, absentReason }: StationPart, time: string): void {
    this.#change(id, (before) => ({
      ...before,
      reported: new Map([...before.reported, ...units.map((unit) => [unit.sn, unit] as const)]),
      stations: addStation(before, { operator, app, head, time }, units),
      lastReported: units.map(({ sn }) => sn),
      absentReason: absentReason ?? before.absentReason,
    }));
  }

  close(id: string, by: string, absentReason: string | null, head: AuditHeadJson): void {
    this.#change(id, (before) => ({
      ...before,
      state: 'closed',
      absentReason: absentReason ?? before.absentReason,
      closed: { by, head },
    }));
  }

  #change(id: string, next: (before: OrderEntry) => OrderEntry): void {
    const before = this.#orders.get(id);
    if (before === undefined) throw new RangeError(`there is no work order ${id}`);
    this.#orders.set(id, next(before));
  }
}

/**
 * Adds a station. A station whose order is not complete reports twice: to ask how the order would
 * end, and to close it. The second report then replaces the first. Reports do not name their
 * station. A report therefore replaces an earlier one only if both are of the same operator and
 * page, it covers all units of the earlier one, and its audit head is not older.
 */
function addStation(
  { stations, lastReported }: OrderEntry,
  next: ReportStation,
  units: readonly StationUnitJson[],
): readonly ReportStation[] {
  const last = stations.at(-1);
  const reported = new Set(units.map(({ sn }) => sn));
  const isSame =
    last !== undefined &&
    last.operator === next.operator &&
    last.app.version === next.app.version &&
    last.app.build === next.app.build &&
    (last.head?.sequence ?? 0) <= (next.head?.sequence ?? 0) &&
    lastReported.every((sn) => reported.has(sn));
  return [...(isSame ? stations.slice(0, -1) : stations), next].slice(-MAX_STATIONS);
}

/**
 * Applies an entry of the audit log to the ledger. `open` decrypts the sealed part of the entry.
 * @throws IntegrityError
 */
export function replayOrder(ledger: OrderLedger, { entry, hash }: AuditLine, open: () => Uint8Array): void {
  const { event, actor, details, time, sequence } = entry;
  const id = String(details.workOrder);
  if (event === ORDER_EVENTS.issued) {
    ledger.issue(parse<Envelope>(open()));
  } else if (event === ORDER_EVENTS.revoked) {
    ledger.revoke(id, repairReason(String(details.reason)));
  } else if (event === ORDER_EVENTS.reported) {
    ledger.report(id, actor ?? '', repairPart(parse<StationPart>(open())), time);
  } else if (event === ORDER_EVENTS.closed) {
    ledger.close(id, actor ?? '', reasonOf(details.absentReason), { sequence, hash, time });
  }
}

export function encodePart(part: Envelope | StationPart): Uint8Array {
  return Buffer.from(JSON.stringify(part));
}

function parse<Part>(content: Uint8Array): Part {
  try {
    return JSON.parse(Buffer.from(content).toString('utf8')) as Part;
  } catch {
    throw new IntegrityError();
  }
}

function repairPart(part: StationPart): StationPart {
  const units = part.units.map((unit) => ({ ...unit, reason: reasonOf(unit.reason) }));
  return { ...part, units, absentReason: reasonOf(part.absentReason) };
}

/**
 * Converts a stored reason to a form that every reader accepts. The command line of version 0.1.0
 * stored reasons of any length, with line breaks. Returns null for a blank reason, which counts as
 * none.
 */
function reasonOf(stored: unknown): string | null {
  return typeof stored === 'string' && stored.trim() !== '' ? repairReason(stored) : null;
}
