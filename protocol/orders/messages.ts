// The JSON messages about work orders between a client and the service (docs/protocol.md clause 6);
// conventions as in protocol/service/messages.ts. Types only.
import type { Envelope } from '../signing/envelope.ts';
import type { SuiteId } from '../tkl/suites.ts';
import type { Balance, Outcome, UnitOutcome } from './balance.ts';
import type { OrderOptions } from './order.ts';

/**
 * Body of POST /v1/work-orders. The service adds versions, check values, labels, count, its name
 * and the time.
 */
export interface NewOrderJson {
  readonly id: string;
  readonly title: string;
  readonly set: number;
  readonly suite: SuiteId | null;
  /** An SN, or the first and last of a range. */
  readonly units: readonly (string | readonly [from: string, to: string])[];
  readonly lines: readonly { readonly ref1: number; readonly ref2: number }[];
  readonly options: OrderOptions;
  readonly notBefore: string;
  readonly until: string;
}

export type OrderState = 'open' | 'revoked' | 'closed';

/**
 * Progress of one unit, over all stations. The service omits units without an export or receipt.
 */
export interface OrderUnitJson {
  readonly sn: string;
  /** Number of exports for the unit, including those repeated with a reason. */
  readonly exports: number;
  /** Number of lines of the order with a verified receipt. */
  readonly proven: number;
}

/** Answer to GET /v1/work-orders/{id}, and to a POST that issues or revokes an order. */
export interface OrderJson {
  /** Payload WorkOrder, payloadType application/vnd.keyferry.work-order+json. */
  readonly order: Envelope;
  readonly state: OrderState;
  /** Why the order was revoked; null otherwise. */
  readonly reason: string | null;
  readonly units: readonly OrderUnitJson[];
  readonly auditHead: Envelope;
}

/** Body of POST /v1/work-orders/{id}/revoke. */
export interface RevokeOrderJson {
  readonly reason: string;
}

/**
 * What a station reports about one unit. The service accepts `done` only if it has the receipts.
 */
export interface StationUnitJson {
  readonly sn: string;
  readonly outcome: Outcome;
  readonly reason: string | null;
  readonly begun: string | null;
  readonly ended: string | null;
}

/** Version of the page that worked the order. */
export interface AppJson {
  readonly version: string;
  /** Name of the build, as the page shows it. */
  readonly build: string;
}

/**
 * Body of POST /v1/work-orders/{id}/report. The service stores what the station reports about its
 * units. With `close` it then closes the order, if the order balances.
 */
export interface StationReportJson {
  readonly app: AppJson;
  /**
   * The newest head of the audit log that the station saw; the service compares it with its log.
   */
  readonly head: { readonly sequence: number; readonly hash: string } | null;
  readonly units: readonly StationUnitJson[];
  /** The reason for every unit that no station reported. */
  readonly absentReason: string | null;
  readonly close: boolean;
}

export interface StationReportAnswerJson {
  /** False when the order does not balance (see balance.missing), or when `close` was false. */
  readonly closed: boolean;
  /** Balance over all stations; `gaps` and `missing` have at most 1000 elements. */
  readonly balance: Omit<Balance, 'gaps'> & { readonly gaps: readonly UnitOutcome[] };
  readonly auditHead: Envelope;
}
