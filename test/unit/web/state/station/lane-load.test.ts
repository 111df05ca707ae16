// The data of one load: what makes two loads the same, and what a work order adds.
import { describe, expect, it } from 'vitest';
import type { ExportRequest } from '#protocol/provisioning/key-source.ts';
import { ATTEMPT } from '#test/unit/web/journal/records.ts';
import type { SignedIn } from '#web/state/session/session.svelte.ts';
import type { Chosen } from '#web/state/station/key-choice.svelte.ts';
import {
  asSent,
  detailsOf,
  identityOf,
  laneLoad,
  loadRequest,
  newAttempt,
  type OrderLoad,
} from '#web/state/station/lane-load.ts';
import type { UnitFacts } from '#web/state/station/unit-facts.ts';
import { SETS } from './station-fixture.ts';

const [SET] = SETS;
const [KEY] = SET?.keys ?? [];
if (!SET || !KEY) throw new TypeError('the bench has no key');

const CHOSEN: Chosen = {
  set: SET,
  key: KEY,
  slot: { ref2: 2, holdsKey: false, kcv: '0000000000', akv: 0, attributes: '' },
};
const FACTS = { sn: '07', set: SET.set, tkv: 1, profile: 'diversified' } as UnitFacts;
const SIGNED_IN = { service: { name: 'AS', asNumber: 0, demo: false } } as SignedIn;
const ORDER: OrderLoad = { workOrder: 'JOB', orderChain: 4, suite: null, reason: 'new board', row: () => undefined };

const attemptOf = (orderLoad?: OrderLoad) =>
  newAttempt(FACTS, 'serial', {
    ...detailsOf(CHOSEN, SIGNED_IN, orderLoad),
    ...{ operator: 'ada', service: 'as', idempotencyKey: 'key' },
  });

describe('an attempt', () => {
  it('names the unit, the key and the slot', () => {
    expect(attemptOf()).toEqual({
      ...{ link: 'serial', sn: '07', set: SET.set, tkv: 1, profile: 'diversified', demo: false },
      ...{ ref1: KEY.ref1, ref2: 2, keyLabel: KEY.label, akv: KEY.akv, kcv: KEY.kcv },
      ...{ operator: 'ada', service: 'as', idempotencyKey: 'key' },
    });
  });

  it('of a work order names the order, its chain and a reason if there is one', () => {
    expect(attemptOf(ORDER)).toEqual({ ...attemptOf(), workOrder: 'JOB', order: 4, reason: 'new board' });
    const { reason: _, ...unexplained } = ORDER;
    expect(attemptOf(unexplained)).toEqual({ ...attemptOf(), workOrder: 'JOB', order: 4 });
  });

  it('is a demo if the service or the set is', () => {
    const demoService = { service: { name: 'AS', asNumber: 0, demo: true } } as SignedIn;
    expect(detailsOf(CHOSEN, demoService).demo).toBe(true);
    expect(detailsOf({ ...CHOSEN, set: { ...SET, demo: true } }, SIGNED_IN).demo).toBe(true);
  });

  it('that sends an unused request again has the idempotency key and the reason of that request', () => {
    const unused = { idempotencyKey: 'earlier' } as ExportRequest;
    const { reason: _, ...unexplained } = attemptOf(ORDER);
    expect(asSent(attemptOf(ORDER), unused)).toEqual({ ...unexplained, idempotencyKey: 'earlier' });
    const explained = { ...unused, reason: 'first reason' };
    expect(asSent(attemptOf(ORDER), explained)).toMatchObject({ idempotencyKey: 'earlier', reason: 'first reason' });
  });
});

describe('the request for a load', () => {
  it('names the key, the slot and the suites, and asks for no signature', () => {
    expect(loadRequest(attemptOf(), [1, 2])).toEqual({
      ...{ ref1: KEY.ref1, ref2: 2, idempotencyKey: 'key', suites: [1, 2], sign: false },
      unused: undefined,
    });
  });

  it('names the work order, the reason and an unused request', () => {
    const unused = { idempotencyKey: 'earlier' } as ExportRequest;
    expect(loadRequest(attemptOf(ORDER), [1], unused)).toMatchObject({ workOrder: 'JOB', reason: 'new board', unused });
    expect(loadRequest(attemptOf(), [1])).not.toHaveProperty('workOrder');
    expect(loadRequest(attemptOf(), [1])).not.toHaveProperty('reason');
  });
});

describe('two loads are the same', () => {
  const identity = identityOf(CHOSEN, FACTS, 'as');

  it('if unit, key, slot and AS are the same', () => {
    expect(laneLoad(attemptOf()).identity).toBe(identity);
    expect(identity).toEqual(expect.any(String));
  });

  it.each([
    ['unit', identityOf(CHOSEN, { ...FACTS, sn: '08' }, 'as')],
    ['set', identityOf(CHOSEN, { ...FACTS, set: 1 }, 'as')],
    ['key', identityOf({ ...CHOSEN, key: { ...KEY, ref1: 77 } }, FACTS, 'as')],
    ['version', identityOf({ ...CHOSEN, key: { ...KEY, akv: 77 } }, FACTS, 'as')],
    ['KCV', identityOf({ ...CHOSEN, key: { ...KEY, kcv: '1111111111' } }, FACTS, 'as')],
    ['slot', identityOf({ ...CHOSEN, slot: { ...CHOSEN.slot, ref2: 3 } }, FACTS, 'as')],
    ['AS', identityOf(CHOSEN, FACTS, 'other')],
  ])('but not with another %s', (_, other) => {
    expect(other).not.toBe(identity);
  });

  it('never in a work order, where the run repeats loads', () => {
    expect(laneLoad(attemptOf(ORDER)).identity).toBeUndefined();
  });
});

it('the lane shows the label, the KCV, the slot and the action of an attempt', () => {
  expect(laneLoad(ATTEMPT)).toMatchObject({ label: 'Meter key', kcv: '0123456789', ref2: 2, action: 'load' });
  expect(laneLoad({ ...ATTEMPT, kcv: '0000000000' }).action).toBe('erase');
  expect(laneLoad({ ...ATTEMPT, ref2: 0xfffe }).action).toBe('replace');
});
