// The actions on a lane of the order board: the board offers no action that the run refuses.
import { describe, expect, it } from 'vitest';
import { laneActions, type Repetition } from '#web/state/order-board/lane-actions.ts';
import type { WaitReason } from '#web/state/orders/run-state.ts';
import type { UnitPhase } from '#web/state/orders/unit-progress.svelte.ts';
import type { Lane } from '#web/state/station/lane.svelte.ts';

const failure = { code: 'device-lost' } as const;
const elsewhere = { code: 'unit-elsewhere' } as const;
const lane = (is: string, why: object = failure, busy = false) =>
  ({ phase: { is, failure: why }, busy }) as unknown as Lane;

describe('the actions on a lane', () => {
  it.each<[string, UnitPhase | undefined, WaitReason | undefined, Repetition | undefined, boolean]>([
    ['failed', { is: 'failed', failure }, undefined, 'load-again', true],
    ['failed', { is: 'failed', failure }, 'sign-in', 'load-again', true],
    ['failed', { is: 'failed', failure }, 'over', undefined, true],
    ['failed', { is: 'failed', failure }, 'closed', undefined, false],
    ['unread', { is: 'failed', failure }, undefined, 'read', true],
    ['unread', undefined, undefined, 'read', false],
    ['unread', undefined, 'closed', 'read', false],
    ['unknown', { is: 'unknown', failure }, undefined, 'check-outcome', true],
    ['unknown', { is: 'unknown', failure }, 'over', 'check-outcome', true],
    ['unknown', { is: 'unknown', failure }, 'revoked', undefined, false],
    ['ready', { is: 'aside', reason: 'Cover is broken' }, undefined, 'load', false],
    ['ready', { is: 'aside', reason: 'Cover is broken' }, 'over', undefined, false],
    ['ready', { is: 'refused', refusal: 'scan-differs' }, undefined, 'scan', false],
    ['ready', { is: 'refused', refusal: 'unlisted' }, undefined, undefined, false],
    ['failed', { is: 'reason' }, undefined, undefined, true],
    ['ready', { is: 'waiting' }, undefined, undefined, true],
    ['ready', { is: 'waiting' }, 'closed', undefined, false],
    ['running', { is: 'loading', line: 0, lines: 1 }, undefined, undefined, false],
    ['done', { is: 'done', how: 'loaded' }, undefined, undefined, false],
  ])('that is %s with a unit that is %j (%s) repeat: %s, set aside: %s', (is, phase, waitReason, again, aside) => {
    expect(laneActions(lane(is), phase, waitReason)).toEqual({ repetition: again, maySetAside: aside });
  });

  it('take the unit from another tab, if that tab uses it', () => {
    expect(laneActions(lane('unread', elsewhere), undefined, undefined).repetition).toBe('use-here');
    expect(laneActions(lane('ready'), { is: 'failed', failure: elsewhere }, undefined).repetition).toBe('use-here');
  });

  it('do not set a unit aside while its lane is busy', () => {
    expect(laneActions(lane('settling', failure, true), { is: 'unknown', failure }, undefined).maySetAside).toBe(false);
  });
});
