// Every work order of this service, as the audit log tells it: issued, revoked, spoken of by stations, closed. Filled by replaying the
// log at the start and by each entry after it is durable; writes nothing itself.
import { fromBase64url } from '#protocol/bytes/text.ts';
import { IntegrityError } from '#protocol/errors.ts';
import type { AppJson, OrderState, StationUnitJson } from '#protocol/orders/messages.ts';
import { decodeWorkOrderPayload, type WorkOrder } from '#protocol/orders/order.ts';
import type { ReportStation } from '#protocol/orders/report.ts';
import type { AuditHeadJson } from '#protocol/service/messages.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import type { AuditLine } from '../audit-log/audit-line.ts';

export interface OrderEntry {
  readonly envelope: Envelope;
  readonly order: WorkOrder;
  readonly state: OrderState;
  /** Why it was revoked. */
  readonly reason: string | null;
  /** The last word of any station on each unit, by SN. */
  readonly words: ReadonlyMap<string, StationUnitJson>;
  readonly stations: readonly ReportStation[];
  /** Stands for every unit that nothing is known of. */
  readonly absentReason: string | null;
  readonly closed: { readonly by: string; readonly head: AuditHeadJson } | null;
}

/** The sealed part of a station's report. */
export interface StationPart {
  readonly app: AppJson;
  readonly head: ReportStation['head'];
  readonly units: readonly StationUnitJson[];
  readonly absentReason: string | null;
}

/** The names of the events, as they stand in the log. */
export const ORDER_EVENTS = {
  issued: 'work-order-issued',
  revoked: 'work-order-revoked',
  reported: 'work-order-reported',
  closed: 'work-order-closed',
} as const;

/** A station that reports again is listed once more only as long as there are fewer. */
const MAX_STATIONS = 1000;

export class OrderBook {
  readonly #orders = new Map<string, OrderEntry>();

  find(id: string): OrderEntry | undefined {
    return this.#orders.get(id);
  }

  /** In the order in which they were issued. */
  all(): Iterable<OrderEntry> {
    return this.#orders.values();
  }

  issue(envelope: Envelope): void {
    const order = decodeWorkOrderPayload(fromBase64url(envelope.payload));
    const nothing = { reason: null, words: new Map(), stations: [], absentReason: null, closed: null };
    this.#orders.set(order.id, { envelope, order, state: 'open', ...nothing });
  }

  revoke(id: string, reason: string): void {
    this.#change(id, (before) => ({ ...before, state: 'revoked', reason }));
  }

  report(id: string, operator: string, { app, head, units, absentReason }: StationPart, time: string): void {
    this.#change(id, (before) => ({
      ...before,
      words: new Map([...before.words, ...units.map((unit) => [unit.sn, unit] as const)]),
      stations: [...before.stations, { operator, app, head, time }].slice(-MAX_STATIONS),
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

/** Puts an entry of the log back. `open` gives its sealed part. @throws IntegrityError */
export function replayOrder(book: OrderBook, { entry, hash }: AuditLine, open: () => Uint8Array): void {
  const { event, actor, details, time, sequence } = entry;
  const id = String(details.workOrder);
  if (event === ORDER_EVENTS.issued) {
    book.issue(parse<Envelope>(open()));
  } else if (event === ORDER_EVENTS.revoked) {
    book.revoke(id, String(details.reason));
  } else if (event === ORDER_EVENTS.reported) {
    book.report(id, actor ?? '', parse<StationPart>(open()), time);
  } else if (event === ORDER_EVENTS.closed) {
    book.close(id, actor ?? '', textOrNull(details.absentReason), { sequence, hash, time });
  }
}

export function encodePart(part: Envelope | StationPart): Uint8Array {
  return Buffer.from(JSON.stringify(part));
}

function parse<Part>(octets: Uint8Array): Part {
  try {
    return JSON.parse(Buffer.from(octets).toString('utf8')) as Part;
  } catch {
    throw new IntegrityError();
  }
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
