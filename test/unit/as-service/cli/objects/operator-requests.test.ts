// The commands that list, limit, disable and enable operators: what they print.
import { beforeEach, describe, expect, it } from 'vitest';
import { type AdminRequest, runAdminRequest } from '#as-service/cli/admin-requests.ts';
import type { As } from '#as-service/service/as.ts';
import { TEST_SET } from '#test/support/as-service.ts';
import { operator, testSet } from '#test/support/memory-exporter.ts';
import { StateInMemory } from '#test/support/service-state.ts';

let as: StateInMemory;
beforeEach(async () => {
  as = Object.assign(await StateInMemory.open(), { ledger: { countOfOperator: () => 3 } });
  as.state = { ...as.state, sets: [testSet()], operators: [operator('maria', { quota: 9 })] };
});
const run = (request: AdminRequest) => runAdminRequest(as as unknown as As, 'cli root', request, 'UTC');

describe('the commands for operators', () => {
  it('list limits and valid codes as JSON, without the codes', async () => {
    await run({ command: 'operator code', name: 'maria', hours: 2 });
    const list = async () => JSON.parse((await run({ command: 'operator list', json: true })).join('\n')) as unknown;
    const codes = [{ issued: '2030-01-01T12:00:00.000Z', expires: '2030-01-01T14:00:00.000Z' }];
    const facts = { name: 'maria', role: 'operator', sets: null, quota: 9, exports: 3, ordersOnly: false };
    expect(await list()).toEqual([{ ...facts, status: 'enabled', codes }]);
    await run({ command: 'operator limit', name: 'maria', limits: { sets: [TEST_SET] } });
    await run({ command: 'operator disable', name: 'maria' });
    expect(await list()).toEqual([{ ...facts, sets: ['0000BA7C'], status: 'disabled', codes: [] }]);
  });

  it('limit, disable and enable an operator', async () => {
    const limit = (limits: object) => run({ command: 'operator limit', name: 'maria', limits });
    expect(await limit({ quota: 4 })).toEqual(['The limits of maria are changed. They apply to the next request.']);
    await expect(limit({})).rejects.toThrow('Name what to change: --role, --set, --quota or --orders-only.');
    await expect(limit({ sets: [9] })).rejects.toThrow('There is no set 00000009.');
    expect((await run({ command: 'operator disable', name: 'maria' }))[0]).toMatch(/^maria is disabled\. /);
    expect(await run({ command: 'operator list' })).toEqual(['maria  operator  all sets  3 of 4 exports  disabled']);
    expect((await run({ command: 'operator enable', name: 'maria' }))[0]).toMatch(/^maria is enabled\. /);
  });
});
