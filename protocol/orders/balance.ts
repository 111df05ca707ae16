// Whether a work order may be closed (docs/protocol.md clause 6.1): every unit of it ends done, failed, unknown or absent, and each that
// is not done has a reason. Knows no verdicts: who says that a unit is done has seen them.

import { lists, type WorkOrder } from './order.ts';
import { serialNumbers } from './units.ts';

export type Outcome = 'done' | 'failed' | 'unknown' | 'absent';

export interface UnitOutcome {
  readonly sn: string;
  readonly outcome: Outcome;
  /** Why it is not done, in a person's words. */
  readonly reason: string | null;
}

export interface Balance {
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly unknown: number;
  readonly absent: number;
  /** Every unit that is not done, ascending; what was never spoken of is absent. */
  readonly gaps: readonly UnitOutcome[];
  /** The gaps without a reason. */
  readonly missing: readonly UnitOutcome[];
  /** Units that were spoken of and are not on the order. */
  readonly unlisted: readonly string[];
  /** Nothing is missing and nothing is unlisted. */
  readonly mayClose: boolean;
}

/**
 * Of several words on one unit, `done` counts, and otherwise the last one. `absentReason` stands for every unit that nobody spoke of.
 */
export function balance(
  order: WorkOrder,
  outcomes: Iterable<UnitOutcome>,
  absentReason: string | null = null,
): Balance {
  const spoken = new Map<string, UnitOutcome>();
  const unlisted: string[] = [];
  for (const each of outcomes) {
    if (!lists(order, each.sn)) unlisted.push(each.sn);
    else if (spoken.get(each.sn)?.outcome !== 'done') spoken.set(each.sn, each);
  }
  const totals: Record<Outcome, number> = { done: 0, failed: 0, unknown: 0, absent: 0 };
  const gaps: UnitOutcome[] = [];
  for (const sn of serialNumbers(order.units)) {
    const found = spoken.get(sn) ?? { sn, outcome: 'absent', reason: absentReason };
    totals[found.outcome]++;
    if (found.outcome !== 'done') gaps.push(found);
  }
  const missing = gaps.filter(({ reason }) => reason === null || reason.trim() === '');
  const mayClose = missing.length === 0 && unlisted.length === 0;
  return { total: order.count, ...totals, gaps, missing, unlisted, mayClose };
}
