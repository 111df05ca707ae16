// The progress of a work order: how many of its units are in each state.
import type { OrderCounts } from '../orders/order-counts.svelte.ts';
import type { OrderRun } from '../orders/order-run.svelte.ts';
import { type ReportedUnits, unitState } from '../orders/unit-state.ts';
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
 * of units on the order. `attached` contains the states of the attached units without a row,
 * `reported` the units of the report once the order is closed.
 */
export function stateCounts(
  { done, here, unseen }: Pick<OrderCounts, 'done' | 'here' | 'unseen'>,
  attached: AttachedStates,
  reported: ReportedUnits,
): readonly (readonly [ShownState, number])[] {
  if (reported.size > 0) return counted(reportCounts(here, reported));
  const states = [...attached.values()];
  const ready = Math.min(states.filter((state) => state === 'ready').length, unseen);
  const failed = Math.min(states.length - ready, unseen - ready);
  return counted({
    ...here,
    done,
    failed: here.failed + failed,
    ready,
    unseen: unseen - ready - failed,
  });
}

type StateCounts = Readonly<Record<ShownState, number>>;

function reportCounts({ aside }: OrderCounts['here'], reported: ReportedUnits): StateCounts {
  const counts = { done: 0, failed: 0, unknown: 0, running: 0, ready: 0, aside: 0, absent: 0, unseen: 0 };
  for (const { outcome } of reported.values()) counts[outcome]++;
  return { ...counts, aside: Math.min(aside, counts.failed), failed: Math.max(0, counts.failed - aside) };
}

function counted(counts: StateCounts): readonly (readonly [ShownState, number])[] {
  return STATES.map((state) => [state, counts[state]] as const).filter(([, count]) => count > 0);
}

/** Returns the state of a unit in the list of all units. */
export function shownState(unit: TableRow, attached: AttachedStates): ShownState {
  const state = unitState(unit);
  return state === 'unseen' ? (attached.get(unit.sn) ?? state) : state;
}

/** State of each attached unit without a row, by serial number. */
type AttachedStates = ReadonlyMap<string, 'ready' | 'failed'>;

/** Returns the states of the attached units without a row: all `failed` if the order is over. */
export function attachedStates({ units, waitReason }: Pick<OrderRun, 'units' | 'waitReason'>): AttachedStates {
  const states = units.flatMap(({ sn, unloaded }) => (unloaded ? [[sn, unloaded] as const] : []));
  return new Map(states.map(([sn, state]) => [sn, isOver(waitReason) ? 'failed' : state]));
}
