// Decides what the operator can do on a lane of the order board.
import type { WaitReason } from '../orders/run-state.ts';
import type { UnitPhase } from '../orders/unit-progress.svelte.ts';
import type { Lane } from '../station/lane.svelte.ts';

/**
 * What the button of a lane does. `load-again`: repeats the load. `load`: loads a unit that was set
 * aside. `scan`: repeats the scan of the label. `use-here`: takes the unit from another tab.
 */
export type Repetition = 'load-again' | 'load' | 'scan' | 'check-outcome' | 'read' | 'use-here';

export interface LaneActions {
  /** Undefined if nothing can be repeated. */
  readonly repetition: Repetition | undefined;
  readonly maySetAside: boolean;
}

/** The part of a lane that determines what the operator can do on the lane. */
type LaneState = Pick<Lane, 'busy' | 'phase'>;

/** Whether the AS has ended the order. This station then only shows it. */
export function hasEnded(waitReason: WaitReason | undefined): boolean {
  return waitReason === 'closed' || waitReason === 'revoked';
}

/** Why an order takes no more loads: it has ended or expired. */
export type OverReason = Exclude<WaitReason, 'sign-in' | 'early'>;

/** Whether the AS exports no more keys for the order. */
export function isOver(waitReason: WaitReason | undefined): waitReason is OverReason {
  return hasEnded(waitReason) || waitReason === 'over';
}

/**
 * Returns what the operator can do on a lane. `phase` is the phase of the lane's unit in the order;
 * undefined if the run has not read the unit.
 */
export function laneActions(
  lane: LaneState,
  phase: UnitPhase | undefined,
  waitReason: WaitReason | undefined,
): LaneActions {
  return { repetition: repetitionOf(lane.phase, phase, waitReason), maySetAside: maySetAside(lane, phase, waitReason) };
}

function repetitionOf(
  lane: LaneState['phase'],
  phase: UnitPhase | undefined,
  waitReason: WaitReason | undefined,
): Repetition | undefined {
  const failure = phase && 'failure' in phase ? phase.failure : 'failure' in lane ? lane.failure : undefined;
  if (phase?.is === 'unknown') return hasEnded(waitReason) ? undefined : 'check-outcome';
  if (lane.is === 'unread') return failure?.code === 'unit-elsewhere' ? 'use-here' : 'read';
  if (isOver(waitReason)) return undefined;
  switch (phase?.is) {
    case 'failed':
      return failure?.code === 'unit-elsewhere' ? 'use-here' : 'load-again';
    case 'aside':
      return 'load';
    case 'refused':
      return phase.refusal === 'scan-differs' ? 'scan' : undefined;
    default:
      return undefined;
  }
}

function maySetAside({ busy }: LaneState, phase: UnitPhase | undefined, waitReason: WaitReason | undefined): boolean {
  if (phase === undefined || busy || hasEnded(waitReason)) return false;
  return !['loading', 'done', 'refused', 'aside'].includes(phase.is);
}
