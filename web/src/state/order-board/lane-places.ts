// The sequence of the lanes on the order board. The lanes that call the operator stand first; the
// others follow by what the operator may do with them.

import type { UnitPhase } from '../orders/unit-progress.svelte.ts';
import type { Lane } from '../station/lane.svelte.ts';

/** Places of the board, first to last. `gone`: done, and no longer attached. */
const PLACES = ['failed', 'unknown', 'unplug', 'loading', 'ready', 'aside', 'gone'] as const;
export type Place = (typeof PLACES)[number];

export interface PlacedLane {
  readonly lane: Lane;
  readonly place: Place;
}

/** The part of a lane that decides its place. */
type LaneState = Pick<Lane, 'attached' | 'phase'>;

/** Whether the lane asks the operator to act. */
export function isCalling(place: Place): boolean {
  return place === 'failed' || place === 'unknown';
}

/** `phase` is that of the lane's unit on the order, if the run has seen the unit. */
export function placeOf(lane: LaneState, phase: UnitPhase | undefined): Place {
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
 * The board while the operator points at it: a lane that is shown stays where it is, and a new one
 * follows at the end.
 */
export function keepPlaces(shown: readonly PlacedLane[], wanted: readonly PlacedLane[]): readonly PlacedLane[] {
  const isWanted = ({ lane }: PlacedLane): boolean => wanted.some((each) => each.lane === lane);
  const isNew = ({ lane }: PlacedLane): boolean => !shown.some((each) => each.lane === lane);
  return [...shown.filter(isWanted), ...wanted.filter(isNew)];
}
