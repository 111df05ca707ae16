// Sorts the lanes on the order board. The lanes that need the operator come first.

import type { WaitReason } from '../orders/run-state.ts';
import type { UnitPhase } from '../orders/unit-progress.svelte.ts';
import type { Lane } from '../station/lane.svelte.ts';
import { hasEnded, isOver } from './lane-actions.ts';

/**
 * Places on the board, first to last. `over`: the unit is not done, and the order takes no more
 * loads. `gone`: the unit is done or refused, and is no longer attached.
 */
const PLACES = ['failed', 'unknown', 'unplug', 'loading', 'ready', 'over', 'aside', 'gone'] as const;
export type Place = (typeof PLACES)[number];

export interface PlacedLane {
  readonly lane: Lane;
  readonly place: Place;
}

/** The part of a lane that determines its place. */
type LaneState = Pick<Lane, 'attached' | 'phase'>;

/** Whether the operator must act on the lane. */
export function needsAction(place: Place): boolean {
  return place === 'failed' || place === 'unknown';
}

/** Whether the operator has nothing left to do on the lane. */
export function isQuiet(place: Place): boolean {
  return place === 'over' || place === 'aside' || place === 'gone';
}

/**
 * Returns the place of a lane. `phase` is the phase of the lane's unit in the order; undefined if
 * the run has not read the unit. `waitReason` is the reason why the run loads no unit.
 */
export function placeOf(lane: LaneState, phase: UnitPhase | undefined, waitReason?: WaitReason): Place {
  const place = placeInRun(lane, phase);
  if (hasEnded(waitReason)) return needsAction(place) || place === 'ready' ? 'over' : place;
  const isLoad = (phase?.is === 'failed' && lane.phase.is !== 'unread') || phase?.is === 'reason';
  return isOver(waitReason) && isLoad ? 'over' : place;
}

function placeInRun(lane: LaneState, phase: UnitPhase | undefined): Place {
  const done = lane.attached ? 'unplug' : 'gone';
  if (phase === undefined || phase.is === 'arriving') return placeByLane(lane, done);
  switch (phase.is) {
    case 'done':
      return done;
    case 'refused':
      return lane.attached ? 'failed' : 'gone';
    case 'reason':
      return 'unknown';
    case 'waiting':
    case 'scan':
      return 'ready';
    default:
      return phase.is;
  }
}

function placeByLane({ phase }: LaneState, done: Place): Place {
  switch (phase.is) {
    case 'reading':
    case 'running':
    case 'settling':
      return 'loading';
    case 'unread':
    case 'failed':
      return 'failed';
    case 'unknown':
    case 'unverified':
      return 'unknown';
    case 'done':
      return done;
    default:
      return 'ready';
  }
}

/** Sorts the lanes by place. Lanes with the same place keep their sequence. */
export function arrangeLanes(lanes: readonly PlacedLane[]): readonly PlacedLane[] {
  return [...lanes].sort((a, b) => PLACES.indexOf(a.place) - PLACES.indexOf(b.place));
}

/**
 * Returns the lanes of the board while the operator points at it. The lanes that are shown keep
 * their sequence, and new lanes follow at the end.
 */
export function keepPlaces(shown: readonly PlacedLane[], wanted: readonly PlacedLane[]): readonly PlacedLane[] {
  const isWanted = ({ lane }: PlacedLane): boolean => wanted.some((each) => each.lane === lane);
  const isNew = ({ lane }: PlacedLane): boolean => !shown.some((each) => each.lane === lane);
  return [...shown.filter(isWanted), ...wanted.filter(isNew)];
}
