// The commands that list, limit and destroy sets, and the lists of orders and vaults as JSON.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type AdminRequest, runAdminRequest } from '#as-service/cli/admin-requests.ts';
import type { As } from '#as-service/service/as.ts';
import { exportRequest, TEST_SET } from '#test/support/as-service.ts';
import { MemoryExporter, operator, sender, testSet } from '#test/support/memory-exporter.ts';
import { StateInMemory } from '#test/support/service-state.ts';

let as: StateInMemory;
const visible = vi.fn((): object[] => []);
const list = vi.fn(async (): Promise<object[]> => []);
const hasOrderOf = vi.fn(() => false);
const ledger = { all: vi.fn((): Iterable<object> => []), workOrders: () => [] };
beforeEach(async () => {
  visible.mockReset().mockReturnValue([]);
  hasOrderOf.mockReset().mockReturnValue(false);
  ledger.all.mockReset().mockReturnValue([]);
  as = Object.assign(await StateInMemory.open(), { vaults: { visible }, orders: { list, hasOrderOf }, ledger });
  as.state = { ...as.state, sets: [testSet({ units: [] }), testSet({ set: 1, name: 'Other', keys: [] })] };
});
const run = (request: AdminRequest) => runAdminRequest(as as unknown as As, 'cli root', request, 'UTC');
const json = async (command: 'set list' | 'order list' | 'vault list'): Promise<unknown> =>
  JSON.parse((await run({ command, json: true })).join('\n'));

describe('the commands for sets', () => {
  it('list sets as JSON without keys', async () => {
    const profile = { profile: 'diversified', transportKeys: [{ tkv: 1, family: 'cmac' }], quotaPerUnit: null };
    const key = { kind: 'TA', attributes: 'D0AB00N', kcv: expect.stringMatching(/^[0-9A-F]{10}$/), status: 'enabled' };
    expect(await json('set list')).toEqual([
      {
        ...{ set: '0000BA7C', name: 'Test set', units: [], ...profile },
        keys: [
          { ...key, label: 'Data key', ref1: '0103', slot: '0002', akv: 1 },
          { ...key, label: 'Other key', ref1: '0104', slot: null, akv: 2 },
        ],
      },
      { set: '00000001', name: 'Other', units: null, ...profile, keys: [] },
    ]);
  });

  it('limit a set', async () => {
    const limit = (quotaPerUnit: number | null) => run({ command: 'set limit', set: TEST_SET, quotaPerUnit });
    expect(await limit(3)).toEqual(['Set 0000BA7C now allows 3 exports per unit.']);
    expect(as.state.sets.map(({ quotaPerUnit }) => quotaPerUnit)).toEqual([3, null]);
    expect(await limit(null)).toEqual(['Set 0000BA7C now allows any number of exports per unit.']);
    expect(as.changes[0]).toEqual({
      event: 'set-limited',
      actor: 'cli root',
      details: { set: TEST_SET, quotaPerUnit: 3 },
    });
    await expect(limit(0)).rejects.toThrow('quota must be a whole number from 1 to 4294967295.');
  });

  const destroy = (confirmation: string | null) => run({ command: 'set destroy', set: TEST_SET, confirmation });

  it('destroy a set after its name was typed', async () => {
    await expect(destroy('Other')).rejects.toThrow('The name of set 0000BA7C is "Test set". Type it to confirm');
    expect(await destroy('Test set')).toEqual([
      'The set 0000BA7C (Test set) is destroyed, with its keys.',
      'Backups that were made earlier still contain them.',
    ]);
    expect(as.state.sets.map(({ set }) => set)).toEqual([1]);
    expect(as.changes).toEqual([
      { event: 'set-destroyed', actor: 'cli root', details: { set: TEST_SET, name: 'Test set', keys: 2 } },
    ]);
  });

  it('refuse to destroy a set that is in use', async () => {
    const refusal = (what: string) =>
      `The set 0000BA7C (Test set) has ${what}, which need its transport key. Destroy its keys with "key destroy" instead. Nothing was destroyed.`;
    hasOrderOf.mockReturnValueOnce(true);
    await expect(destroy('Test set')).rejects.toThrow(refusal('work orders'));
    visible.mockReturnValueOnce([{}]);
    await expect(destroy('Test set')).rejects.toThrow(refusal('vaults'));
    const service = await MemoryExporter.open();
    await service.exporter.export(exportRequest(), sender(operator('olga')));
    ledger.all.mockReturnValue(service.ledger.all());
    await expect(destroy('Test set')).rejects.toThrow(refusal('exports'));
    expect(as.state.sets).toHaveLength(2);
  });
});

describe('the lists as JSON', () => {
  it('have the orders, also those that only exports name', async () => {
    const order = { title: 'Two units', set: TEST_SET, count: 2, state: 'open' };
    const counts = { exports: 1, receipts: 0 };
    list.mockResolvedValue([
      { workOrder: 'JOB-1', order, ...counts },
      { workOrder: 'JOB-2', order: null, ...counts },
    ]);
    expect(await json('order list')).toEqual([
      { id: 'JOB-1', ...order, set: '0000BA7C', ...counts },
      { id: 'JOB-2', state: null, ...counts },
    ]);
  });

  it('have the vaults', async () => {
    const facts = { custodian: 'maria', units: 2, revoked: null };
    visible.mockReturnValue([{ view: () => ({ asNumber: 31, set: TEST_SET, ref1: [0x0103], ...facts }) }]);
    expect(await json('vault list')).toEqual([{ number: '001F', set: '0000BA7C', ref1: ['0103'], ...facts }]);
  });
});
