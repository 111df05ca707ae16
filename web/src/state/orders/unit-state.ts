// The state of one unit of a work order, as the list on screen, the progress line and the written
// lists show it. Once the order is closed, its report decides.
import { ProtocolError } from '#protocol/errors.ts';
import type { UnitOutcome } from '#protocol/orders/balance.ts';
import { decodeOutcomes } from '#protocol/orders/report.ts';
import { type ListedState, listedState, type UnitRow } from '../../journal/order-record.ts';

/** The rows of a report by serial number. Empty until the order is closed. */
export type ReportedUnits = ReadonlyMap<string, UnitOutcome>;

export interface UnitFacts {
  /** The row in the journal of this station; undefined for a unit that was never attached to it. */
  readonly row: UnitRow | undefined;
  /** Whether the AS lists the unit as done and this station has no row of it. */
  readonly isElsewhere: boolean;
  /** The row in the report; undefined until the order is closed. */
  readonly reported?: UnitOutcome | undefined;
}

/**
 * A report lists a unit that was set aside as failed. Only the journal shows that an operator set
 * it aside.
 */
export function unitState({ row, isElsewhere, reported }: UnitFacts): ListedState | 'unseen' {
  if (reported) return reported.outcome === 'failed' && row?.aside ? 'aside' : reported.outcome;
  if (row) return listedState(row);
  return isElsewhere ? 'done' : 'unseen';
}

/** Returns the units of a report file; none without a file, or if it cannot be read. */
export function reportedUnits(report: string | undefined): ReportedUnits {
  if (report === undefined) return new Map();
  try {
    return new Map(decodeOutcomes(report).map((unit) => [unit.sn, unit]));
  } catch (error) {
    if (error instanceof ProtocolError) return new Map();
    throw error;
  }
}
