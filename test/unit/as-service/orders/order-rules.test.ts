// The rules of work orders: which order the service makes from a request, and which exports an
// order permits.
import { describe, expect, it } from 'vitest';
import { draftOrder, encodeOrder } from '#as-service/orders/draft-order.ts';
import { OrderLedger } from '#as-service/orders/order-ledger.ts';
import { authoriseOrder } from '#as-service/orders/order-policy.ts';
import type { SetState, State } from '#as-service/storage/state.ts';
import type { UnitExportRequest } from '#protocol/as-unit/memory.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { DEMO_SETS } from '#protocol/demo/demo-sets.ts';
import { keyCheckValue } from '#protocol/tkl/body.ts';
import { TEST_SET, TEST_TA } from '#test/support/as-service.ts';
import { NOW, operator, orderEnvelope, testSet } from '#test/support/memory-exporter.ts';
import { LINE, newOrder, unit } from '#test/support/orders.ts';
import { workOrder } from '#test/support/work-orders.ts';

const stateOf = (...sets: SetState[]) => ({ name: 'Test AS', asNumber: 5, sets }) as unknown as State;
const refusal = (code: string, message: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(message) });

describe('a new order', () => {
  const TIMES = { notBefore: '2026-11-22T00:00:00.000Z', until: '2026-11-30T00:00:00.000Z' };
  const draft = (change: Parameters<typeof newOrder>[0] = {}, set: Partial<SetState> = {}, options = {}) =>
    draftOrder(newOrder({ ...TIMES, ...change }), {
      ...{ state: stateOf(testSet({ set: 1, keys: [] }), testSet(set)), demoMode: false, now: new Date(NOW) },
      ...{ account: undefined, ...options },
    });

  it('has the facts of the request, of its keys and of the service', () => {
    const lines = [LINE, { ref1: 0x0104, ref2: 7 }];
    const options = { dryRun: true, haltAfter: 3, requireLabelScan: true };
    expect(draft({ lines, options, suite: 1, units: [unit(9), [unit(1), unit(3)]] })).toEqual({
      ...{ format: 1, id: 'JOB-4711', title: 'Terminals, line 3', set: TEST_SET, suite: 1, options },
      units: [
        [unit(1), unit(3)],
        [unit(9), unit(9)],
      ],
      count: 4,
      lines: [
        { ...LINE, akv: 1, kcv: toHex(keyCheckValue('D0AB00N', TEST_TA).value), label: 'Data key' },
        { ref1: 0x0104, ref2: 7, akv: 2, kcv: expect.stringMatching(/^[0-9A-F]{10}$/), label: 'Other key' },
      ],
      ...{ issued: NOW, ...TIMES, service: 'Test AS', asNumber: 5 },
    });
  });

  it.each([
    ['an unknown set', { set: 7 }, {}, refusal('set-unknown', 'There is no set 00000007.')],
    [
      'an unknown key',
      { lines: [{ ref1: 0x0105, ref2: 2 }] },
      {},
      refusal('key-unknown', 'There is no REF1 0105 in set'),
    ],
    [
      'a destroyed key',
      {},
      { keys: testSet().keys.map((key) => ({ ...key, key: new Uint8Array(0), destroyedKcv: '0102030405' })) },
      refusal('key-unknown', 'REF1 0103 of set 0000BA7C (Test set) is destroyed. Choose another key.'),
    ],
    [
      'a key for another slot',
      { lines: [{ ref1: 0x0103, ref2: 3 }] },
      {},
      refusal('slot-not-permitted', 'REF1 0103 may not be loaded into slot 0003.'),
    ],
    ['the slot of T', { lines: [{ ref1: 0x0104, ref2: 0xfffe }] }, {}, refusal('slot-not-permitted', 'slot FFFE')],
    [
      'a unit that is not on the list',
      {},
      { units: [unit(1), unit(2)] },
      refusal('unit-not-listed', `Unit ${unit(3)} is not on the list`),
    ],
    ['an end in the past', { until: NOW }, {}, refusal('request-refused', 'The work order ends in the past.')],
    ['overlapping units', { units: [unit(2), [unit(1), unit(3)]] as const }, {}, refusal('request-refused', '.')],
    ['an end before its beginning', { notBefore: '2026-12-01T00:00:00.000Z' }, {}, refusal('request-refused', '.')],
  ] as const)('is refused for %s', (_name, change, set, expected) => {
    expect(() => draft(change as Parameters<typeof newOrder>[0], set)).toThrow(expected);
  });

  it('is made for all listed units, for the highest slot, and until a millisecond from now', () => {
    expect(draft({}, { units: [unit(3), unit(2), unit(1)] }).count).toBe(3);
    expect(draft({ lines: [{ ref1: 0x0104, ref2: 0xfffd }] }).lines[0]?.ref2).toBe(0xfffd);
    expect(draft({ until: '2026-11-23T12:00:00.001Z' }).until).toBe('2026-11-23T12:00:00.001Z');
  });

  it('is of a set that its author may use; the command line may use every set', () => {
    const otto = { account: operator('otto', { sets: [1] }) };
    expect(() => draft({}, {}, otto)).toThrow(refusal('set-unknown', 'There is no set 0000BA7C.'));
    expect(draft({}, {}, { account: operator('olga', { sets: [TEST_SET] }) }).set).toBe(TEST_SET);
  });

  it('is of a demo set in demo mode only', () => {
    const set = DEMO_SETS[0]?.set ?? 0;
    expect(() => draft({ set }, { set })).toThrow(refusal('demo-refused', 'is a demo set'));
    expect(() => draft({ set }, { set }, { account: operator('olga') })).toThrow(refusal('set-unknown', 'no set'));
    expect(draft({ set }, { set }, { demoMode: true }).set).toBe(set);
  });

  it('has the reason of a refused list of units as its cause', () => {
    const cause = expect.objectContaining({ code: 'file-refused' });
    expect(() => draft({ units: [unit(2), [unit(1), unit(3)]] })).toThrow(expect.objectContaining({ cause }));
  });

  it('passes on a bug', () => {
    expect(() => encodeOrder(undefined as never)).toThrow(TypeError);
  });
});

describe('the permission of a work order', () => {
  const LINES = [
    { ref1: 0x0103, ref2: 2, akv: 1, kcv: 'AABBCCDDEE', label: 'Data key' },
    { ref1: 0x0104, ref2: 3, akv: 2, kcv: 'AABBCCDDEE', label: 'Other key' },
  ];
  const ORDER = { ...workOrder([[unit(1), unit(3)]], LINES), id: 'JOB-1', set: TEST_SET };
  const REQUEST: UnitExportRequest = {
    unit: { set: TEST_SET, tkv: 1, sn: fromHex(unit(2)) },
    ...{ suite: 1, sign: false, ref1: 0x0103, ref2: 2, random: new Uint8Array(16), challengeMac: new Uint8Array(16) },
  };

  interface Situation {
    readonly order?: Partial<typeof ORDER>;
    readonly request?: Partial<UnitExportRequest>;
    readonly workOrder?: string | null;
    readonly ordersOnly?: boolean;
    readonly now?: string;
    readonly change?: (orders: OrderLedger) => void;
  }

  function authorise({
    order,
    request,
    workOrder: id = 'JOB-1',
    ordersOnly = false,
    now = NOW,
    change,
  }: Situation = {}) {
    const orders = new OrderLedger();
    orders.issue(orderEnvelope({ ...ORDER, ...order }));
    change?.(orders);
    const account = operator('olga', { ordersOnly });
    const state = stateOf(testSet({ set: 1, keys: [] }), testSet());
    authoriseOrder(orders, state, { ...REQUEST, ...request }, { account, workOrder: id, now: new Date(now) });
  }

  it('is given for a line, a unit and a time of the order', () => {
    authorise();
    authorise({ ordersOnly: true });
    authorise({ request: { ref1: 0x0104, ref2: 3 } });
    authorise({ order: { suite: 1 } });
    authorise({ now: ORDER.notBefore });
  });

  it('is not needed without an order of this service, unless the operator may only work orders', () => {
    authorise({ workOrder: null });
    authorise({ workOrder: 'JOB-2' });
    for (const id of [null, 'JOB-2']) {
      expect(() => authorise({ workOrder: id, ordersOnly: true })).toThrow(
        refusal('not-on-order', 'olga may export within work orders of this service only.'),
      );
    }
    expect(() => authorise({ workOrder: 'JOB/2' })).toThrow(
      refusal('request-refused', 'The work order number contains /'),
    );
  });

  it.each<[string, Situation, string, string]>([
    ['another set', { order: { set: 1 } }, 'not-on-order', 'Work order JOB-1 is for another set.'],
    [
      'a revoked order',
      { change: (orders) => orders.revoke('JOB-1', 'lost') },
      'order-ended',
      'Work order JOB-1 was revoked: lost.',
    ],
    [
      'a closed order',
      { change: (orders) => orders.close('JOB-1', 'carl', null, { sequence: 1, hash: '', time: NOW }) },
      'order-ended',
      'Work order JOB-1 is closed.',
    ],
    [
      'a time before',
      { now: '2026-11-20T23:59:59.999Z' },
      'order-ended',
      `Work order JOB-1 begins at ${ORDER.notBefore}.`,
    ],
    ['a time after', { now: '2026-12-21T00:00:01.000Z' }, 'order-ended', `Work order JOB-1 ended at ${ORDER.until}.`],
    [
      'a dry run',
      { order: { options: { ...ORDER.options, dryRun: true } } },
      'not-on-order',
      'Work order JOB-1 is a dry run',
    ],
    ['another suite', { order: { suite: 2 } }, 'not-on-order', 'Work order JOB-1 asks for suite 2.'],
    [
      'another unit',
      { request: { unit: { ...REQUEST.unit, sn: fromHex(unit(4)) } } },
      'unit-not-listed',
      `Unit ${unit(4)} is not on work order JOB-1.`,
    ],
    ['no slot', { request: { ref2: undefined } }, 'not-on-order', 'Work order JOB-1 needs the slot of each export.'],
    [
      'another slot',
      { request: { ref2: 3 } },
      'not-on-order',
      'Work order JOB-1 does not put REF1 0103 into slot 0003.',
    ],
    [
      'another version',
      { order: { lines: [{ ...LINES[0], akv: 4 } as never] } },
      'not-on-order',
      'Work order JOB-1 names version 4 of REF1 0103, but this AS has another version.',
    ],
    [
      'a key that is gone',
      { order: { lines: [{ ...LINES[0], ref1: 0x0105 } as never] }, request: { ref1: 0x0105 } },
      'not-on-order',
      'names version 1 of REF1 0105',
    ],
  ])('is refused for %s', (_name, situation, code, message) => {
    expect(() => authorise(situation)).toThrow(refusal(code, message));
  });

  it('says nothing about a revoked order to an export of another set', () => {
    const change = (orders: OrderLedger) => orders.revoke('JOB-1', 'secret reason');
    expect(() => authorise({ order: { set: 1 }, change })).toThrow('is for another set');
  });
});
