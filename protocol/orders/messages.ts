// The JSON of work orders that a client and the service exchange (docs/protocol.md clause 6); conventions as in
// protocol/service/messages.ts. Types only.
import type { Envelope } from '../signing/envelope.ts';
import type { SuiteId } from '../tkl/suites.ts';
import type { Balance, Outcome, UnitOutcome } from './balance.ts';
import type { OrderOptions } from './order.ts';

/** POST /v1/work-orders: the service adds versions, check values, labels, count, its name and the time. */
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

/** What became of one unit so far, whichever station worked it. Units of which the service knows nothing are left out. */
export interface OrderUnitJson {
  readonly sn: string;
  /** Exports for it, those that were repeated with a reason included. */
  readonly exports: number;
  /** Lines of the order whose receipt is in. */
  readonly proven: number;
}

/** GET /v1/work-orders/{id}, and the answer to a POST that made or revoked one. */
export interface OrderJson {
  /** Payload WorkOrder, payloadType application/vnd.keyferry.work-order+json. */
  readonly order: Envelope;
  readonly state: OrderState;
  /** Why it was revoked. */
  readonly reason: string | null;
  readonly units: readonly OrderUnitJson[];
  readonly auditHead: Envelope;
}

/** POST /v1/work-orders/{id}/revoke. */
export interface RevokeOrderJson {
  readonly reason: string;
}

/** What a station says of one unit; `done` counts only with the receipts that the service has. */
export interface StationUnitJson {
  readonly sn: string;
  readonly outcome: Outcome;
  readonly reason: string | null;
  readonly begun: string | null;
  readonly ended: string | null;
}

/** The page that worked the order. */
export interface AppJson {
  readonly version: string;
  /** Names the build, as the page shows it. */
  readonly build: string;
}

/** POST /v1/work-orders/{id}/report: a station's word on its units, kept; with `close` the order is closed, if it balances. */
export interface StationReportJson {
  readonly app: AppJson;
  /** The newest head of the audit log that the station saw; the service compares it with its log. */
  readonly head: { readonly sequence: number; readonly hash: string } | null;
  readonly units: readonly StationUnitJson[];
  /** Stands for every unit that no station spoke of. */
  readonly absentReason: string | null;
  readonly close: boolean;
}

export interface StationReportAnswerJson {
  /** False: it does not balance (see balance.missing), or `close` was not asked for. */
  readonly closed: boolean;
  /** Of all stations together; `gaps` and `missing` are cut after 1000. */
  readonly balance: Omit<Balance, 'gaps'> & { readonly gaps: readonly UnitOutcome[] };
  readonly auditHead: Envelope;
}
