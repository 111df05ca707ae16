// The counts of an order: each unit counts once, at this station or elsewhere.
import { describe, expect, it } from 'vitest';
import { workOrder } from '#test/support/work-orders.ts';
import type { UnitRow } from '#web/journal/order-record.ts';
import { OrderCounts } from '#web/state/orders/order-counts.svelte.ts';
import { newRow } from '#web/state/orders/order-rules.ts';
import { OrderValidity } from '#web/state/orders/order-validity.svelte.ts';
import { UnitIndex } from '#web/state/orders/unit-index.ts';
import { sn, TWO_LINES } from './order-fixture.ts';

const NONE = { running: 0, done: 0, failed: 0, unknown: 0, absent: 0, aside: 0 };
const ORDER = workOrder([[sn(1), sn(30)]], TWO_LINES);
const row = (n: number, state: UnitRow['state'], aside?: true): UnitRow => ({
  ...newRow(1, sn(n), state, ''),
  ...(aside && { aside }),
});

describe('the counts of an order', () => {
  it('add up to the units of the order', () => {
    const here = { running: 1, done: 2, failed: 3, unknown: 4, absent: 5, aside: 6 };
    const counts = new OrderCounts(ORDER, here, new Set([sn(28), sn(29)]));
    expect(counts.here).toEqual(here);
    expect([counts.done, counts.unseen]).toEqual([4, 30 - 21 - 2]);
    expect(counts.keysToLoad).toBe(2 * (30 - 4 - 5 - 6));
  });

  it('are never negative, although the AS may list a unit before this station knows it', () => {
    const counts = new OrderCounts(ORDER, { ...NONE, done: 20, absent: 11 }, new Set());
    expect([counts.unseen, counts.keysToLoad]).toEqual([0, 0]);
  });

  it('follow the row of a unit', () => {
    const counts = new OrderCounts(ORDER, { ...NONE, failed: 1 }, new Set([sn(5), sn(6)]));
    counts.change(undefined, row(5, 'running'));
    expect([counts.here, [...counts.elsewhere]]).toEqual([{ ...NONE, running: 1, failed: 1 }, [sn(6)]]);
    counts.change(row(5, 'running'), row(5, 'failed'));
    counts.change(row(5, 'failed'), row(5, 'failed'));
    expect(counts.here).toEqual({ ...NONE, failed: 2 });
    counts.change(row(5, 'failed'), row(5, 'failed', true));
    expect(counts.here).toEqual({ ...NONE, failed: 1, aside: 1 });
    counts.reset({ ...NONE, done: 3 });
    expect(counts.here).toEqual({ ...NONE, done: 3 });
  });

  it('contain the units that another station has done, unless they have a row here', async () => {
    const counts = new OrderCounts(ORDER, NONE, new Set());
    async function* rows() {
      yield row(1, 'failed');
      yield row(2, 'failed');
    }
    counts.addElsewhere([sn(1), sn(3)]);
    counts.addElsewhere([sn(3), sn(4)]);
    expect([...counts.elsewhere]).toEqual([sn(1), sn(3), sn(4)]);
    const before = counts.elsewhere;
    counts.addElsewhere([sn(1), sn(3)]);
    counts.excludeElsewhere([sn(9)]);
    expect(counts.elsewhere).toBe(before); // the same object, so no component is drawn again
    await counts.excludeStored(rows());
    expect([...counts.elsewhere]).toEqual([sn(3), sn(4)]);
  });

  it('read no rows if no other station has done a unit', async () => {
    let read = 0;
    async function* rows() {
      read++;
      yield row(1, 'failed');
    }
    await new OrderCounts(ORDER, NONE, new Set()).excludeStored(rows());
    expect(read).toBe(0);
  });
});

describe('the units of an order', () => {
  it('are found by their index', () => {
    const units = new UnitIndex([
      [sn(1), sn(3)],
      [sn(5), sn(5)],
      [sn(0xff), sn(0x101)],
    ]);
    const all = [1, 2, 3, 5, 0xff, 0x100, 0x101].map(sn);
    expect(units.count).toBe(7);
    expect(all.map((_, index) => units.at(index))).toEqual(all);
    for (const index of [-1, 7]) expect(() => units.at(index)).toThrow(`no unit with index ${index}`);
    expect(() => new UnitIndex([]).at(0)).toThrow(RangeError);
  });
});

describe('the validity of an order', () => {
  it('is read from the clock in check() only, which tells of a change', () => {
    let now = new Date(Date.parse(ORDER.notBefore) - 1);
    const validity = new OrderValidity(ORDER, () => now);
    expect(validity.time).toBe('early');
    now = new Date(ORDER.notBefore);
    expect(validity.time).toBe('early');
    expect([validity.check(), validity.time, validity.check()]).toEqual([true, 'now', false]);
    now = new Date(Date.parse(ORDER.until) + 1);
    expect([validity.check(), validity.time]).toEqual([true, 'over']);
  });
});
