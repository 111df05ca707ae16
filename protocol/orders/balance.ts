// Computes whether a work order may be closed: every unit that is not done must have a reason. Used
// by the service and the page (docs/protocol.md clause 6.1). Does not verify verdicts: the caller
// verifies the verdicts of a unit before it passes the unit as done.

import * as v from 'valibot';
import { type Json, printable } from '../json/schema.ts';
import { lists, type WorkOrder } from './order.ts';
import { serialNumber, serialNumbers } from './units.ts';

export const outcomeSchema = v.picklist(['done', 'failed', 'unknown', 'absent']);
export type Outcome = Json<typeof outcomeSchema>;

export const unitOutcomeSchema = v.object({
  sn: serialNumber,
  outcome: outcomeSchema,
  /** Why the unit is not done, as an operator entered it. */
  reason: v.nullable(printable(500)),
});
export type UnitOutcome = Json<typeof unitOutcomeSchema>;

export interface Balance {
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly unknown: number;
  readonly absent: number;
  /** Every unit that is not done, ascending. A unit without an outcome is absent. */
  readonly gaps: readonly UnitOutcome[];
  /** The gaps without a reason. */
  readonly missing: readonly UnitOutcome[];
  /** SNs that have an outcome but are not on the order. */
  readonly unlisted: readonly string[];
  /** True iff `missing` and `unlisted` are empty. */
  readonly mayClose: boolean;
}

/**
 * Counts one outcome for each unit: `done` if any outcome of the unit is `done`, otherwise the last
 * one. `absentReason` is the reason of every unit without an outcome.
 */
export function balance(
  order: WorkOrder,
  outcomes: Iterable<UnitOutcome>,
  absentReason: string | null = null,
): Balance {
  const counted = new Map<string, UnitOutcome>();
  const unlisted: string[] = [];
  for (const each of outcomes) {
    if (!lists(order, each.sn)) unlisted.push(each.sn);
    else if (counted.get(each.sn)?.outcome !== 'done') counted.set(each.sn, each);
  }
  const totals: Record<Outcome, number> = { done: 0, failed: 0, unknown: 0, absent: 0 };
  const gaps: UnitOutcome[] = [];
  for (const sn of serialNumbers(order.units)) {
    const found = counted.get(sn) ?? { sn, outcome: 'absent', reason: absentReason };
    totals[found.outcome]++;
    if (found.outcome !== 'done') gaps.push(found);
  }
  const missing = gaps.filter(({ reason }) => reason === null || reason.trim() === '');
  const mayClose = missing.length === 0 && unlisted.length === 0;
  return { total: order.count, ...totals, gaps, missing, unlisted, mayClose };
}
