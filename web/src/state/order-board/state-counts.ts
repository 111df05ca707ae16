// The progress of a work order: how many of its units are in each state.
import { listedState } from '../../journal/order-record.ts';
import type { OrderCounts } from '../orders/order-counts.svelte.ts';
import type { UnitProgress } from '../orders/unit-progress.svelte.ts';
import type { TableRow } from '../orders/unit-table.svelte.ts';

/**
 * Maximum number of units for which the progress line has one cell per unit. For more units the
 * line is a plain bar.
 */
export const MAX_CELLS = 60;

/**
 * The states in the sequence of the progress line. `ready`: the unit is attached, and its load has
 * not begun.
 */
const STATES = ['done', 'failed', 'unknown', 'running', 'ready', 'aside', 'absent', 'unseen'] as const;
export type ShownState = (typeof STATES)[number];

/**
 * Returns each state that at least one unit is in, with the number of these units. The sum is the
 * number of units on the order.
 */
export function stateCounts(
  { done, here, unseen }: Pick<OrderCounts, 'done' | 'here' | 'unseen'>,
  units: readonly Pick<UnitProgress, 'phase' | 'row'>[],
): readonly (readonly [ShownState, number])[] {
  const ready = Math.min(units.filter(isReady).length, unseen);
  const counts: Readonly<Record<ShownState, number>> = { ...here, done, ready, unseen: unseen - ready };
  return STATES.map((state) => [state, counts[state]] as const).filter(([, count]) => count > 0);
}

/**
 * Returns the state of a unit in the list of all units. `ready` contains the serial numbers of the
 * units that wait for their load.
 */
export function shownState({ sn, row, isElsewhere }: TableRow, ready: ReadonlySet<string>): ShownState {
  if (row) return listedState(row);
  if (isElsewhere) return 'done';
  return ready.has(sn) ? 'ready' : 'unseen';
}

export function isReady({ phase, row }: Pick<UnitProgress, 'phase' | 'row'>): boolean {
  return row === undefined && (phase.is === 'waiting' || phase.is === 'scan');
}
