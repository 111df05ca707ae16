// The progress of a work order: how many of its units are in each state.
import { listedState } from '../../journal/order-record.ts';
import type { OrderCounts } from '../orders/order-counts.svelte.ts';
import type { OrderRun } from '../orders/order-run.svelte.ts';
import type { TableRow } from '../orders/unit-table.svelte.ts';
import { isOver } from './lane-actions.ts';

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
 * Returns the number of units in each state, except for states without units. The sum is the number
 * of units on the order. `attached` contains the states of the attached units without a row.
 */
export function stateCounts(
  { done, here, unseen }: Pick<OrderCounts, 'done' | 'here' | 'unseen'>,
  attached: AttachedStates,
): readonly (readonly [ShownState, number])[] {
  const states = [...attached.values()];
  const ready = Math.min(states.filter((state) => state === 'ready').length, unseen);
  const failed = Math.min(states.length - ready, unseen - ready);
  const counts: Readonly<Record<ShownState, number>> = {
    ...here,
    done,
    failed: here.failed + failed,
    ready,
    unseen: unseen - ready - failed,
  };
  return STATES.map((state) => [state, counts[state]] as const).filter(([, count]) => count > 0);
}

/** Returns the state of a unit in the list of all units. */
export function shownState({ sn, row, isElsewhere }: TableRow, attached: AttachedStates): ShownState {
  if (row) return listedState(row);
  if (isElsewhere) return 'done';
  return attached.get(sn) ?? 'unseen';
}

/** By serial number. */
type AttachedStates = ReadonlyMap<string, 'ready' | 'failed'>;

/** Returns the states of the attached units without a row: all `failed` if the order is over. */
export function attachedStates({ units, waitReason }: Pick<OrderRun, 'units' | 'waitReason'>): AttachedStates {
  const states = units.flatMap(({ sn, unloaded }) => (unloaded ? [[sn, unloaded] as const] : []));
  return new Map(states.map(([sn, state]) => [sn, isOver(waitReason) ? 'failed' : state]));
}
