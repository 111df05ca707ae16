// The sequence of the lanes on the order board: those that need the operator come first.
import { describe, expect, it } from 'vitest';
import {
  arrangeLanes,
  isQuiet,
  keepPlaces,
  needsAction,
  type Place,
  type PlacedLane,
  placeOf,
} from '#web/state/order-board/lane-places.ts';
import type { WaitReason } from '#web/state/orders/run-state.ts';
import type { UnitPhase } from '#web/state/orders/unit-progress.svelte.ts';
import type { Lane } from '#web/state/station/lane.svelte.ts';

const failure = { code: 'device-lost' } as const;
const lane = (is: string, attached = true) => ({ phase: { is }, attached }) as unknown as Lane;
const placed = (place: Place): PlacedLane => ({ lane: lane('ready'), place });

describe('the place of a lane', () => {
  it.each<[string, boolean, UnitPhase | undefined, Place]>([
    ['ready', true, { is: 'waiting' }, 'ready'],
    ['ready', true, { is: 'scan' }, 'ready'],
    ['ready', true, { is: 'reason' }, 'unknown'],
    ['running', true, { is: 'loading', line: 0, lines: 1 }, 'loading'],
    ['done', true, { is: 'done', how: 'loaded' }, 'unplug'],
    ['done', false, { is: 'done', how: 'loaded' }, 'gone'],
    ['ready', true, { is: 'aside', reason: 'Cover is broken' }, 'aside'],
    ['failed', false, { is: 'failed', failure }, 'failed'],
    ['unknown', false, { is: 'unknown', failure }, 'unknown'],
    ['ready', true, { is: 'refused', refusal: 'unlisted' }, 'failed'],
    ['ready', false, { is: 'refused', refusal: 'unlisted' }, 'gone'],
    ['settling', true, { is: 'arriving' }, 'loading'],
    ['reading', true, undefined, 'loading'],
    ['running', true, undefined, 'loading'],
    ['settling', true, undefined, 'loading'],
    ['unread', true, undefined, 'failed'],
    ['failed', true, undefined, 'failed'],
    ['unknown', true, undefined, 'unknown'],
    ['ready', true, undefined, 'ready'],
    ['done', false, undefined, 'gone'],
    ['done', true, { is: 'arriving' }, 'unplug'],
    ['failed', true, { is: 'waiting' }, 'ready'],
    ['unverified', true, undefined, 'unknown'],
    ['away', false, undefined, 'ready'],
    ['done', true, undefined, 'unplug'],
  ])('of a lane that is %s (attached: %s) follows its unit: %j is %s', (is, attached, phase, place) => {
    expect(placeOf(lane(is, attached), phase)).toBe(place);
  });

  it.each<[string, UnitPhase | undefined, WaitReason, Place]>([
    ['failed', { is: 'failed', failure }, 'closed', 'over'],
    ['unknown', { is: 'unknown', failure }, 'closed', 'over'],
    ['unread', undefined, 'revoked', 'over'],
    ['ready', { is: 'waiting' }, 'closed', 'over'],
    ['done', { is: 'done', how: 'loaded' }, 'closed', 'unplug'],
    ['ready', { is: 'aside', reason: 'Cover is broken' }, 'closed', 'aside'],
    ['failed', { is: 'failed', failure }, 'over', 'over'],
    ['ready', { is: 'reason' }, 'over', 'over'],
    ['unknown', { is: 'unknown', failure }, 'over', 'unknown'],
    ['unread', { is: 'failed', failure }, 'over', 'failed'],
    ['failed', { is: 'failed', failure }, 'sign-in', 'failed'],
  ])('of a lane that is %s with a unit that is %j on an order that is %s: %s', (is, phase, waitReason, place) => {
    expect(placeOf(lane(is), phase, waitReason)).toBe(place);
    expect(isQuiet(placeOf(lane(is), phase, waitReason))).toBe(place === 'over' || place === 'aside');
  });

  it('calls the operator when the unit is not loaded or not known', () => {
    const places: readonly Place[] = ['failed', 'unknown', 'unplug', 'loading', 'ready', 'over', 'aside', 'gone'];
    expect(places.filter(needsAction)).toEqual(['failed', 'unknown']);
  });
});

describe('the board', () => {
  it('shows the lanes that call first, and keeps the sequence of equal ones', () => {
    const lanes = (['gone', 'ready', 'aside', 'loading', 'unplug', 'unknown', 'failed', 'ready'] as const).map(placed);
    const [gone, first, aside, loading, unplug, unknown, failed, second] = lanes;
    expect(arrangeLanes(lanes)).toEqual([failed, unknown, unplug, loading, first, second, aside, gone]);
    expect(arrangeLanes(lanes)[4]).toBe(first);
  });

  it('moves no lane while the operator points at it, and adds a new lane at the end', () => {
    const [one, two, three] = [placed('ready'), placed('loading'), placed('failed')];
    const failed = { lane: two.lane, place: 'failed' } as const;
    const held = keepPlaces([one, two], arrangeLanes([one, failed, three]));
    expect(held.map((each) => each.lane)).toEqual([one.lane, two.lane, three.lane]);
    expect(held[1]?.place).toBe('loading');
    expect(keepPlaces([one, two], [one])).toEqual([one]);
  });
});
