// What the journal holds of a work order besides the attempts on its units: its document, what happened to it, and where each unit stands. Knows nothing of
// the document's meaning.
import type { Failure } from './attempt.ts';

export interface OrderRecord {
  /** Given by the store; the number of its chain. */
  readonly order: number;
  /** The AS and the order's own number: each is held once. */
  readonly name: string;
  /** The signed document as it came, JSON text. */
  readonly document: string;
  /** ISO 8601, UTC. */
  readonly openedAt: string;
  /** The report that closed it, JSON text. */
  readonly report?: string;
}

/** Why a unit was turned away before anything was asked of it. */
export type Refusal = 'unlisted' | 'wrong-set' | 'twice' | 'scan-differs';

export type OrderEvent =
  | { readonly step: 'order-opened'; readonly operator: string }
  | { readonly step: 'order-paused' | 'order-resumed' }
  /** So many failures came in a row. */
  | { readonly step: 'order-halted'; readonly failures: number }
  | { readonly step: 'unit-refused'; readonly sn: string; readonly refusal: Refusal }
  /** By the operator, with the reason that the balance shows. */
  | { readonly step: 'unit-skipped' | 'unit-explained'; readonly sn: string; readonly reason: string }
  /** It was set aside, or done, and is taken up again. */
  | { readonly step: 'unit-retaken'; readonly sn: string }
  /** A page left it in mid-run. */
  | { readonly step: 'unit-interrupted'; readonly sn: string }
  /** The newest attempt on it was settled after the page had turned from it, for example by a verdict that a returned vault brought. */
  | { readonly step: 'unit-settled'; readonly sn: string }
  /** Every line of the order was in the unit already, by its slots. */
  | { readonly step: 'unit-had-all'; readonly sn: string }
  /** Its challenge was taken and nothing exported. */
  | { readonly step: 'unit-rehearsed'; readonly sn: string }
  | { readonly step: 'order-closed' };

export const UNIT_STATES = ['running', 'done', 'failed', 'unknown', 'absent'] as const;

/**
 * running     a page works on it, or went away meanwhile
 * done        all lines are in, and each receipt is verified
 * failed      at least one line is not in
 * unknown     an import's end is not known, or its receipt not verified yet
 * absent      the operator said why it will not come
 * A listed unit without a row was not seen yet.
 */
export type UnitState = (typeof UNIT_STATES)[number];

export interface UnitRow {
  readonly order: number;
  /** 32 hex digits. */
  readonly sn: string;
  readonly state: UnitState;
  /** The newest attempt on it. */
  readonly attempt?: number;
  readonly failure?: Failure;
  /** In the operator's words. */
  readonly reason?: string;
  /** The operator set it aside: it is not begun again by itself. */
  readonly aside?: true;
  /** How often it was begun. */
  readonly tries: number;
  /** REF2 of the lines whose key the AS was, or may have been, asked for: asking again needs a reason. */
  readonly exported: readonly number[];
  /** Milliseconds that it took, when it is done. */
  readonly took?: number;
  /** ISO 8601, UTC: when it was first begun, and when this was written. */
  readonly begun: string;
  readonly at: string;
}
