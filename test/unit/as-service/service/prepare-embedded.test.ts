// What the embedded mode creates, over a state in memory and simulated work orders.
import { describe, expect, it, vi } from 'vitest';
import type { As } from '#as-service/service/as.ts';
import { prepareEmbedded } from '#as-service/service/prepare-embedded.ts';
import { addKey, addSet, allowUnits } from '#as-service/sets/sets.ts';
import { DEMO_HUB, DEMO_SETS, demoSerialNumber } from '#protocol/demo/demo-sets.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { NewOrderJson } from '#protocol/orders/requests.ts';
import { NEW_SET } from '#test/support/as-service.ts';
import { operator } from '#test/support/memory-exporter.ts';
import { STATE_TIME, StateInMemory } from '#test/support/service-state.ts';

interface Listed {
  readonly workOrder: string;
  readonly exports: number;
  readonly order: { readonly state: string } | null;
}

async function simulate(demoMode = false) {
  const as = Object.assign(await StateInMemory.open(demoMode), {
    ledger: { workOrders: vi.fn(() => 'named') },
    orders: {
      list: vi.fn(async (): Promise<Listed[]> => []),
      issue: vi.fn(async (_order: NewOrderJson): Promise<void> => undefined),
    },
  });
  return { as, prepare: () => prepareEmbedded(as as unknown as As) };
}

const keysOf = ({ state }: StateInMemory, index = 0) =>
  state.sets[index]?.keys.map(({ ref1, attributes, slot, key }) => [ref1, attributes, slot, key.length]);
const KEYS = [
  [0x0101, 'K0AB00N', 0xffff, 32],
  [0x0102, 'P0AE00N', 0xffff, 16],
  [0x0103, 'D0AB00N', 0xffff, 32],
  [0x0104, 'M6AC00N', 0xffff, 24],
];

describe('the embedded mode', () => {
  it('adds a set with a random T, four keys and an operator', async () => {
    const { as, prepare } = await simulate();
    const { code, expires } = await prepare();
    expect(code).toMatch(/^KF-/);
    expect(Date.parse(expires) - STATE_TIME.getTime()).toBe(8 * 3_600_000);
    expect(as.state.sets).toMatchObject([
      {
        name: 'First set',
        profile: 'diversified',
        units: null,
        quotaPerUnit: null,
        transportKeys: [{ tkv: 1, family: 'cmac' }],
      },
    ]);
    const [{ set = 0 } = {}] = as.state.sets;
    expect(set).toBeGreaterThanOrEqual(1);
    expect(set).toBeLessThan(0x7fffffff);
    expect(keysOf(as)).toEqual(KEYS);
    expect(as.state.operators).toMatchObject([
      { name: 'operator', role: 'operator', sets: null, quota: null, embedded: true, tokens: [{}] },
    ]);
    expect(as.orders.issue).not.toHaveBeenCalled();
    expect(new Set(as.changes.map(({ actor }) => actor))).toEqual(new Set(['first start', 'start']));
  });

  it('replaces the access code at each start, and adds nothing twice', async () => {
    const { as, prepare } = await simulate(true);
    const first = await prepare();
    const { sets, operators } = as.state;
    const second = await prepare();
    expect(second.code).not.toBe(first.code);
    expect(as.state.sets).toBe(sets);
    expect(as.state.operators).toHaveLength(1);
    expect(as.state.operators[0]?.tokens).toHaveLength(1);
    expect(as.state.operators[0]?.tokens).not.toEqual(operators[0]?.tokens);
  });

  it('uses the embedded operator of an earlier start, whatever the name', async () => {
    const { as, prepare } = await simulate();
    as.state = { ...as.state, operators: [operator('operator'), operator('olga', { embedded: true })] };
    await prepare();
    expect(as.state.operators.map(({ name, tokens }) => [name, tokens.length])).toEqual([
      ['operator', 0],
      ['olga', 1],
    ]);
  });

  it('adds the keys that an interrupted start lacks, and none to the sets of an administrator', async () => {
    const { as, prepare } = await simulate();
    await addSet(as, 'test', { ...NEW_SET, name: 'First set' });
    await addKey(as, 'test', {
      ...{ set: NEW_SET.set, ref1: 0x0102, label: 'PIN', attributes: 'P0AE00N' },
      slot: 0xffff,
      length: 16,
      key: undefined,
    });
    await addSet(as, 'test', { ...NEW_SET, set: 5, name: 'Mine', transportKey: undefined });
    await prepare();
    expect(keysOf(as)?.map(([ref1]) => ref1)).toEqual([0x0102, 0x0101, 0x0103, 0x0104]);
    expect(keysOf(as, 1)).toEqual([]);
    expect(as.state.sets).toHaveLength(2);
  });

  it('adds no key to a set to which an administrator added another', async () => {
    const { as, prepare } = await simulate();
    await addSet(as, 'test', { ...NEW_SET, name: 'First set' });
    await addKey(as, 'test', {
      ...{ set: NEW_SET.set, ref1: 0x0200, label: 'Mine', attributes: 'D0AB00N' },
      slot: 2,
      length: 16,
      key: undefined,
    });
    await prepare();
    expect(keysOf(as)).toHaveLength(1);
  });
});

describe('the demo mode', () => {
  const until = new Date(STATE_TIME);
  until.setUTCFullYear(STATE_TIME.getUTCFullYear() + 5);
  const idsOf = (as: Awaited<ReturnType<typeof simulate>>['as']) => as.orders.issue.mock.calls.map(([{ id }]) => id);

  it('adds the demo sets with their published T, and an order for each', async () => {
    const { as, prepare } = await simulate(true);
    await prepare();
    expect(as.state.sets.map(({ name }) => name)).toEqual(['First set', ...DEMO_SETS.map(({ name }) => name)]);
    for (const [index, { set, profile, family, tkv, publishedTransportKey }] of DEMO_SETS.entries()) {
      expect(as.state.sets[index + 1]).toMatchObject({ set, profile, units: null, quotaPerUnit: null });
      expect(as.state.sets[index + 1]?.transportKeys).toEqual([{ tkv, family, key: publishedTransportKey }]);
      expect(keysOf(as, index + 1)).toEqual(KEYS);
    }
    const common = {
      ...{ suite: null, options: { dryRun: false, haltAfter: 3, requireLabelScan: false } },
      ...{ notBefore: STATE_TIME.toISOString(), until: until.toISOString() },
      lines: [
        { ref1: 0x0101, ref2: 1 },
        { ref1: 0x0103, ref2: 2 },
      ],
    };
    expect(as.orders.issue.mock.calls).toEqual([
      ...DEMO_SETS.map(({ set, name }, index) => [
        {
          ...common,
          id: `DEMO-${index + 1}`,
          title: `${name}: one unit, two keys`,
          set,
          units: [demoSerialNumber(index)],
        },
        { name: 'first start' },
      ]),
      [
        {
          ...common,
          id: 'DEMO-8',
          title: 'A hub of eight units, two keys each',
          set: DEMO_HUB.set,
          units: DEMO_HUB.serialNumbers,
        },
        { name: 'first start' },
      ],
    ]);
    expect(as.orders.list).toHaveBeenCalledWith({ name: 'first start' }, 'named');
    expect(as.ledger.workOrders).toHaveBeenCalledWith(undefined);
  });

  it('adds a copy of an order that was worked or ended, and keeps the others', async () => {
    const { as, prepare } = await simulate(true);
    as.orders.list.mockResolvedValue([
      { workOrder: 'DEMO-1', exports: 1, order: { state: 'open' } },
      { workOrder: 'DEMO-1-2', exports: 0, order: { state: 'closed' } },
      { workOrder: 'DEMO-2', exports: 0, order: { state: 'open' } },
      { workOrder: 'DEMO-3', exports: 0, order: { state: 'revoked' } },
      { workOrder: 'DEMO-3-2', exports: 0, order: { state: 'open' } },
      { workOrder: 'DEMO-8', exports: 0, order: null },
    ]);
    await prepare();
    expect(idsOf(as)).toEqual(['DEMO-1-3', 'DEMO-8-2']);
  });

  it('adds no order to a set without the keys of its lines', async () => {
    const { as, prepare } = await simulate(true);
    const [demo] = DEMO_SETS;
    if (demo === undefined) throw new TypeError('no demo set');
    await addSet(as, 'test', { ...NEW_SET, ...demo, transportKey: demo.publishedTransportKey });
    await addKey(as, 'test', {
      ...{ set: demo.set, ref1: 0x0200, label: 'Mine', attributes: 'D0AB00N' },
      slot: 2,
      length: 16,
      key: undefined,
    });
    await prepare();
    expect(idsOf(as)).toEqual(['DEMO-2', 'DEMO-3', 'DEMO-8']);
  });

  it('continues if an order is refused, and ends on any other failure', async () => {
    const { as, prepare } = await simulate(true);
    const [, demo] = DEMO_SETS;
    if (demo === undefined) throw new TypeError('no second demo set');
    await addSet(as, 'test', { ...NEW_SET, ...demo, transportKey: demo.publishedTransportKey });
    await allowUnits(as, 'test', demo.set, ['8']);
    as.orders.issue.mockRejectedValueOnce(new ProtocolError('unit-not-listed', 'no'));
    await prepare();
    expect(idsOf(as)).toHaveLength(4);
    as.orders.issue.mockRejectedValueOnce(new RangeError('bug'));
    await expect(prepare()).rejects.toThrow(RangeError);
  });
});
