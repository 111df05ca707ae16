// What the journal stores of a work order in addition to its attempts: the signed document as text,
// the events, and one row per unit (docs/protocol.md clause 6.1).
import type { Failure } from './attempt.ts';

/** The two ways in which the AS ends an order. */
export type EndedAs = 'closed' | 'revoked';

export interface OrderRecord {
  /** Number of the order's chain, assigned by the database. */
  readonly order: number;
  /** Name of the AS and id of the order. Unique in the database. */
  readonly name: string;
  /** JSON text of the signed document. */
  readonly document: string;
  /** ISO 8601, UTC. */
  readonly openedAt: string;
  /** JSON text of the report, once the order is closed. */
  readonly report?: string;
  /** Present if the AS has reported to this station that the order is closed or revoked. */
  readonly endedAs?: EndedAs;
}

/** Reason for refusing a unit before its load. */
export type Refusal = 'unlisted' | 'wrong-set' | 'twice' | 'scan-differs';

export type OrderEvent =
  | { readonly step: 'order-opened'; readonly operator: string }
  | { readonly step: 'order-paused' | 'order-resumed' }
  /** `failures` consecutive failures halted the run. */
  | { readonly step: 'order-halted'; readonly failures: number }
  | { readonly step: 'unit-refused'; readonly sn: string; readonly refusal: Refusal }
  /** The scanned or typed label has the serial number of the unit. */
  | { readonly step: 'label-matched'; readonly sn: string }
  /** `reason` is the text that the operator entered. The balance shows this text. */
  | { readonly step: 'unit-skipped' | 'unit-explained'; readonly sn: string; readonly reason: string }
  /** The unit was set aside, and the operator has returned it to the run. */
  | { readonly step: 'unit-retaken'; readonly sn: string }
  /** The page was closed or crashed during the load. */
  | { readonly step: 'unit-interrupted'; readonly sn: string }
  /**
   * The unit's last attempt was settled later, for example by a verdict for a returned vault
   * journal.
   */
  | { readonly step: 'unit-settled'; readonly sn: string }
  /** The slots of the unit showed that it already had the keys of all lines. */
  | { readonly step: 'unit-had-all'; readonly sn: string }
  /** A rehearsal: the unit gave a challenge, and nothing was exported. */
  | { readonly step: 'unit-rehearsed'; readonly sn: string }
  /** The AS has ended the order, at the request of this station or of another actor. */
  | { readonly step: 'order-closed' | 'order-revoked' };

export const UNIT_STATES = ['running', 'done', 'failed', 'unknown', 'absent'] as const;

/**
 * State of a unit in its row. A listed unit without a row has not been attached yet.
 *
 * running     a load is running, or its page was closed or crashed
 * done        all lines are in the unit, and the AS has verified each receipt
 * failed      at least one line is not in the unit
 * unknown     the outcome of an import is unknown, or its receipt is not verified yet
 * absent      the operator gave a reason why the unit is absent
 */
export type UnitState = (typeof UNIT_STATES)[number];

/**
 * State under which a unit is counted and listed. A unit that was set aside is not counted as
 * failed.
 */
export type ListedState = UnitState | 'aside';

export function listedState({ state, aside }: Pick<UnitRow, 'state' | 'aside'>): ListedState {
  return aside ? 'aside' : state;
}

export interface UnitRow {
  /** Number of the order's chain. */
  readonly order: number;
  /** 32 hex digits. */
  readonly sn: string;
  readonly state: UnitState;
  /** The last attempt. */
  readonly attempt?: number;
  readonly failure?: Failure;
  /** The reason that the operator entered. */
  readonly reason?: string;
  /** The operator has set the unit aside, so the run skips it. */
  readonly aside?: true;
  /** Number of times that the run has started to load the unit. */
  readonly tries: number;
  /** REF2 of each line that was or may have been exported. Exporting it again needs a reason. */
  readonly exported: readonly number[];
  /** REF2 of the line for which the AS asked for a reason that only the operator can give. */
  readonly needsReason?: number;
  /** Duration of the loads in milliseconds. Only for a unit that is done. */
  readonly took?: number;
  /** Time when the run first started to load the unit. ISO 8601, UTC. */
  readonly begun: string;
  /** Time when this row was written. ISO 8601, UTC. */
  readonly at: string;
}
