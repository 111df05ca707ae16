// The list of all units of an order. Only the rows of the visible window are in memory.
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { Database } from '#web/journal/database.ts';
import type { UnitRow } from '#web/journal/order-record.ts';
import { WorkOrderStore } from '#web/journal/work-orders.ts';
import { UnitIndex } from '#web/state/orders/unit-index.ts';
import { UnitTable, type UnitTableOptions } from '#web/state/orders/unit-table.svelte.ts';
import { sn } from './order-fixture.ts';

const RANGES = [
  [sn(1), sn(3)],
  [sn(10), sn(10)],
  [sn(20), sn(10_000)],
] as const;

const table = (store: UnitTableOptions['store']): UnitTable =>
  new UnitTable({ chain: 1, ranges: RANGES, store, elsewhere: () => new Set([sn(3)]), reported: () => new Map() });

describe('the index of units', () => {
  it('finds the serial number of every index', () => {
    const index = new UnitIndex(RANGES);
    expect(index.count).toBe(3 + 1 + 9981);
    expect([0, 2, 3, 4, index.count - 1].map((each) => index.at(each))).toEqual([1, 3, 10, 20, 10_000].map(sn));
    expect(() => index.at(index.count)).toThrow(RangeError);
    expect(() => index.at(-1)).toThrow(RangeError);
  });
});

describe('the table of units', () => {
  it('reads only the rows of its window, and shows units without a row', async () => {
    const requests: unknown[] = [];
    const row = { order: 1, sn: sn(10), state: 'done', tries: 1, exported: [], begun: '', at: '' } as const;
    const units = table({
      units: async (...request) => {
        requests.push(request);
        return [row];
      },
      unitsIn: async () => [],
    });
    await units.show(2, 5);
    expect(requests).toEqual([[1, sn(3), sn(20), 3]]);
    expect(units.rows).toEqual([
      { sn: sn(3), row: undefined, isElsewhere: true },
      { sn: sn(10), row, isElsewhere: false },
      { sn: sn(20), row: undefined, isElsewhere: false },
    ]);
    expect(units.first).toBe(2);
  });

  it('filters the units of a closed order by the states in its report', async () => {
    const row = { order: 1, state: 'failed', tries: 1, exported: [], begun: '', at: '' } as const;
    const rows: readonly UnitRow[] = [
      { ...row, sn: sn(1), aside: true },
      { ...row, sn: sn(2) },
    ];
    const outcomes = ['failed', 'failed', 'absent', 'unknown', 'done'] as const;
    const reported = new Map(
      outcomes.map((outcome, index) => [sn(index + 1), { sn: sn(index + 1), outcome, reason: null }]),
    );
    const store = {
      units: async (_: number, first: string) => rows.filter(({ sn: each }) => each === first),
      unitsIn: async () => [],
    };
    const units = new UnitTable({
      ...{ chain: 1, ranges: [[sn(1), sn(5)]], store },
      ...{ elsewhere: () => new Set<string>(), reported: () => reported },
    });
    await units.show(0, 10);
    expect(units.rows.map((each) => each.reported?.outcome)).toEqual(outcomes);
    for (const [state, listed] of [
      ['aside', [1]],
      ['failed', [2]],
      ['absent', [3]],
      ['unknown', [4]],
      ['done', [5]],
    ] as const) {
      await units.choose(state);
      expect(units.rows.map((each) => each.sn)).toEqual(listed.map(sn));
    }
  });

  it('lists attached units without a row among those that are not loaded', async () => {
    const units = table({ units: async () => [], unitsIn: async () => [] });
    await units.show(0, 10);
    await units.choose('failed');
    expect(units.count).toBe(0);
    await units.refresh([sn(10)]);
    await units.refresh();
    expect([units.count, units.rows]).toEqual([1, [{ sn: sn(10), row: undefined, isElsewhere: false }]]);
    await units.choose('unknown');
    expect(units.count).toBe(0);
  });

  it('filters by state, and the filter done includes units that are done at other stations', async () => {
    const failed: readonly UnitRow[] = [1, 2].map((n) => ({
      ...{ order: 1, sn: sn(n), state: 'failed', tries: 1, exported: [], begun: '', at: '' },
    })) as readonly UnitRow[];
    const units = table({
      units: () => Promise.reject(new RangeError('the filter does not read ranges')),
      unitsIn: async (_chain, state) => (state === 'failed' ? failed : []),
    });
    await units.choose('failed');
    await units.show(0, 20);
    expect(units.count).toBe(2);
    expect(units.rows.map((each) => each.sn)).toEqual([sn(1), sn(2)]);
    await units.choose('done');
    expect(units.rows).toEqual([{ sn: sn(3), row: undefined, isElsewhere: true }]);
  });

  it('separates failed units from units that were set aside, also after the first 500 rows', async () => {
    const database = await Database.open(new IDBFactory(), () => undefined);
    const row = { order: 1, state: 'failed', tries: 1, exported: [], begun: '', at: '' } as const;
    const numbers = Array.from({ length: 501 }, (_, index) => index + 1);
    await database.run(['units'], 'readwrite', async (transaction) => {
      const store = transaction.objectStore('units');
      const isAside = (n: number): boolean => n > 1 && n !== 501;
      await Promise.all(numbers.map((n) => store.put({ ...row, sn: sn(n), ...(isAside(n) ? { aside: true } : {}) })));
    });
    const store = new WorkOrderStore(database, () => new Date());
    const units = table(store);
    await units.choose('failed');
    await units.show(0, 20);
    expect(units.rows.map((each) => each.sn)).toEqual([sn(1), sn(501)]);
    expect((await store.unitsIn(1, 'aside', 2, sn(9))).map((each) => each.sn)).toEqual([sn(10), sn(11)]);
  });

  const rowOf = (n: number): UnitRow => ({
    ...{ order: 1, sn: sn(n), state: 'failed', tries: 1, exported: [], begun: '', at: '' },
  });
  const idle = { units: async () => [], unitsIn: async () => [] };

  it('shows nothing before the first window', async () => {
    const units = table(idle);
    expect([units.filter, units.rows, units.first, units.count, units.failure]).toEqual([
      ...[undefined, [], 0, 9985, undefined],
    ]);
    await units.refresh();
    expect(units.rows).toEqual([]);
  });

  it('keeps its window inside the list', async () => {
    const requests: unknown[][] = [];
    const units = table({
      ...idle,
      units: async (...request) => {
        requests.push(request);
        return [];
      },
    });
    await units.show(9_983, 10_100);
    expect([units.first, units.rows.map((each) => each.sn)]).toEqual([9_983, [sn(9_999), sn(10_000)]]);
    await units.show(-5, 2);
    expect([units.first, units.rows.map((each) => each.sn)]).toEqual([0, [sn(1), sn(2)]]);
    expect(requests).toEqual([
      [1, sn(9_999), sn(10_000), 2],
      [1, sn(1), sn(2), 2],
    ]);
  });

  it('starts at its first row with another filter, and keeps the length of its window', async () => {
    const rows = [1, 2, 3, 10, 20].map(rowOf);
    const units = table({ ...idle, unitsIn: async () => rows });
    await units.show(5, 7);
    await units.choose('failed');
    expect([units.filter, units.first, units.rows.map((each) => each.sn)]).toEqual(['failed', 0, [sn(1), sn(2)]]);
    await units.show(3, 9);
    expect([units.first, units.rows.length, units.count]).toEqual([3, 2, 5]);
    await units.choose(undefined);
    expect([units.filter, units.first, units.rows.length, units.count]).toEqual([undefined, 0, 6, 9985]);
  });

  it('lists at most 500 units with a filter', async () => {
    const limits: unknown[] = [];
    const rows = Array.from({ length: 500 }, (_, index) => rowOf(index + 1));
    const units = table({
      ...idle,
      unitsIn: async (_chain, _state, limit) => {
        limits.push(limit);
        return rows;
      },
    });
    await units.choose('done');
    expect([units.count, limits]).toEqual([500, [500]]);
  });

  it('shows why the journal cannot be read, until it can', async () => {
    let isRefused = true;
    const units = table({
      ...idle,
      units: async () => {
        if (isRefused) throw new ProtocolError('journal-failed', 'scripted');
        return [];
      },
    });
    await units.show(0, 2);
    expect([units.failure, units.rows]).toEqual([{ code: 'journal-failed' }, []]);
    isRefused = false;
    await units.refresh();
    expect([units.failure, units.rows.length]).toEqual([undefined, 2]);
  });

  it('reads once more after a read during which it was asked to', async () => {
    let reads = 0;
    let answer = (): void => undefined;
    const units = table({
      ...idle,
      units: async () => {
        if (++reads === 1)
          await new Promise<void>((resolve) => {
            answer = resolve;
          });
        return [];
      },
    });
    const first = units.show(0, 2);
    await units.show(2, 4);
    await units.show(4, 6);
    expect(reads).toBe(1);
    answer();
    await first;
    expect([reads, units.first]).toEqual([2, 4]);
  });
});
