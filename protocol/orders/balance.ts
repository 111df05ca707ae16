// Computes whether a work order may be closed (docs/protocol.md clause 6.1): every unit ends done,
// failed, unknown or absent, and every unit that is not done has a reason. Verdicts are checked by
// the caller, before it reports a unit as done.

import { lists, type WorkOrder } from './order.ts';
import { serialNumbers } from './units.ts';

export type Outcome = 'done' | 'failed' | 'unknown' | 'absent';

export interface UnitOutcome {
  readonly sn: string;
  readonly outcome: Outcome;
  /** Why the unit is not done, in the operator's words. */
  readonly reason: string | null;
}

export interface Balance {
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly unknown: number;
  readonly absent: number;
  /** Every unit that is not done, ascending. A unit without a reported outcome is absent. */
  readonly gaps: readonly UnitOutcome[];
  /** The gaps without a reason. */
  readonly missing: readonly UnitOutcome[];
  /** Units with a reported outcome that are not on the order. */
  readonly unlisted: readonly string[];
  /** True when `missing` and `unlisted` are empty. */
  readonly mayClose: boolean;
}

/**
 * Computes the balance of an order. When a unit has several outcomes, `done` wins, otherwise the
 * last one. `absentReason` is the reason for every unit without an outcome.
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
