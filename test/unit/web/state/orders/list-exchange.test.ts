// The customer's lists against the order on the desk, over the real journal.
import { describe, expect, it, vi } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { parseCsv } from '#protocol/orders/csv.ts';
import { workOrder } from '#test/support/work-orders.ts';
import type { UnitRow } from '#web/journal/order-record.ts';
import { OrderLists } from '#web/state/orders/list-exchange.svelte.ts';
import { ONE_LINE, sn, unit, World } from './order-fixture.ts';

const file = (text: string) => ({ name: 'customer.csv', text: async () => text });

async function desk(count = 4) {
  const world = new World(
    Array.from({ length: count }, (_, index) => unit(index + 1)),
    ONE_LINE,
  );
  const page = await world.open();
  await page.start();
  await page.run.resume();
  const [first] = world.cables;
  if (first) await page.plug(first);
  const lists = new OrderLists({
    order: world.order,
    rows: () => page.store.all(page.number),
    elsewhere: () => page.run.elsewhere,
    explain: (reasons) => page.run.explain(reasons),
    isAtWork: (number) => page.run.isAtWork(number),
  });
  return { page, lists };
}

describe("the customer's list", () => {
  it('is set against the order, both ways', async () => {
    const { lists } = await desk();
    await lists.compare(file(`SN,FROM,TO\n,${sn(2)},${sn(3)}\n${sn(77)},,\n`));
    expect(lists.compared).toEqual({
      name: 'customer.csv',
      both: 2,
      strangers: { count: 1, first: [sn(77)] },
      lacking: { count: 2, first: [sn(1), sn(4)] },
    });
    await lists.compare(file(JSON.stringify([[sn(1), sn(4)]])));
    expect(lists.compared).toMatchObject({ both: 4, strangers: { count: 0 }, lacking: { count: 0 } });
  });

  it('has its rows named where it cannot be read, and nothing is said of the one before', async () => {
    const { lists } = await desk();
    await lists.compare(file(`SN\n${sn(1)}\n`));
    await lists.compare(file(`SN\n${sn(1)}\nnone\n`));
    expect(lists.compared).toBeUndefined();
    expect(lists.problems).toEqual([
      { row: 3, column: 'SN', why: expect.stringContaining('"none" is no serial number') },
    ]);
    await lists.compare(file('[not JSON'));
    expect(lists.failure).toMatchObject({ code: 'file-refused' });
  });
});

describe('reasons from a list', () => {
  it('are kept with their units, which then count as explained', async () => {
    const { lists, page } = await desk();
    await lists.explain(file(`SN,REASON\n${sn(2)},Stolen\n${sn(4)},Cover is broken\n`));
    expect(lists.explained).toBe(2);
    expect(page.run.counts).toMatchObject({ done: 1, absent: 2 });
    expect(await page.store.unit(page.number, sn(4))).toMatchObject({ state: 'absent', reason: 'Cover is broken' });
  });

  it('are taken all or none: not for a unit that is done, nor for one that is not on the order', async () => {
    const { lists, page } = await desk();
    await lists.explain(file(`SN,REASON\n${sn(2)},Stolen\n${sn(1)},Lost\n${sn(77)},Lost\n`));
    expect(lists.problems).toEqual([
      { row: 3, column: 'SN', why: 'it is done and needs no reason' },
      { row: 4, column: 'SN', why: 'it is not on this order' },
    ]);
    expect(page.run.counts).toMatchObject({ done: 1, absent: 0 });
  });

  it('are not taken for a unit that is being loaded, and the row says so', async () => {
    const { lists, page } = await desk();
    page.run.isAtWork = (number) => number === sn(3);
    await lists.explain(file(`SN,REASON\n${sn(2)},Stolen\n${sn(3)},Lost\n`));
    expect(lists.problems).toEqual([{ row: 3, column: 'SN', why: expect.stringContaining('being loaded now') }]);
    expect(page.run.counts).toMatchObject({ absent: 0 });
  });
});

describe('a journal that fails', () => {
  it('takes all of the reasons in one write, or none of them', async () => {
    const { lists, page } = await desk();
    const reasons = file(`SN,REASON\n${sn(2)},Stolen\n${sn(3)},Lost\n${sn(4)},Lost\n`);
    const begin = IDBDatabase.prototype.transaction;
    let room = 0;
    const disk = vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (
      this: IDBDatabase,
      ...asked
    ) {
      if (asked[1] === 'readwrite' && room-- <= 0) throw new DOMException('no room', 'QuotaExceededError');
      return begin.apply(this, asked);
    });
    await lists.explain(reasons);
    expect(lists.failure).toEqual({ code: 'journal-full' });
    expect(await page.store.counts(page.number)).toMatchObject({ done: 1, absent: 0 });
    room = 1;
    await lists.explain(reasons);
    disk.mockRestore();
    expect(lists.explained).toBe(3);
    expect(await page.store.counts(page.number)).toMatchObject({ done: 1, absent: 3 });
    expect(page.run.counts).toMatchObject({ done: 1, absent: 3 });
  });

  it('is told instead of a file of the units, and the next file is there once it is back', async () => {
    let isRefused = true;
    const lists = new OrderLists({
      order: workOrder([[sn(1), sn(2)]], ONE_LINE),
      rows: () => {
        if (isRefused) throw new ProtocolError('journal-failed', 'the storage is gone');
        return none();
      },
      elsewhere: () => new Set(),
      explain: async () => undefined,
      isAtWork: () => false,
    });
    for (const kind of ['csv', 'json'] as const) {
      isRefused = true;
      expect(await lists[kind]()).toBeUndefined();
      expect(lists.failure).toEqual({ code: 'journal-failed' });
      isRefused = false;
      expect(await lists[kind]()).toContain(sn(2));
      expect(lists.failure).toBeUndefined();
    }
  });
});

async function* none(): AsyncGenerator<UnitRow> {
  yield* [];
}

describe('the units of an order', () => {
  it('are done where the AS says so, at whichever station, and need no reason then', async () => {
    const lists = new OrderLists({
      order: workOrder([[sn(1), sn(2)]], ONE_LINE),
      rows: none,
      elsewhere: () => new Set([sn(2)]),
      explain: async () => undefined,
      isAtWork: () => false,
    });
    expect(await lists.csv()).toContain(`${sn(2)},done,At another station,0`);
    expect(await lists.csv()).toContain(`${sn(1)},unseen,,0`);
    await lists.explain(file(`SN,REASON\n${sn(2)},Lost\n`));
    expect(lists.problems).toMatchObject([{ why: 'it is done and needs no reason' }]);
  });

  it('go out as CSV and JSON, those that nobody has seen among them', async () => {
    const { lists, page } = await desk();
    await page.run.explain([{ sn: sn(3), reason: '=1+1' }]);
    const rows = parseCsv((await lists.csv()) ?? '').map(({ cells }) => cells);
    expect(rows[0]).toEqual(['ORDER', 'SN', 'STATE', 'REASON', 'TRIES', 'BEGUN', 'CHANGED']);
    expect(rows.slice(1).map((cells) => cells.slice(1, 5))).toEqual([
      [sn(1), 'done', '', '1'],
      [sn(2), 'unseen', '', '0'],
      [sn(3), 'absent', "'=1+1", '0'],
      [sn(4), 'unseen', '', '0'],
    ]);
    const { units } = JSON.parse((await lists.json()) ?? '') as { units: object[] };
    expect(units).toHaveLength(4);
    expect(units[2]).toMatchObject({ sn: sn(3), state: 'absent', reason: '=1+1' });
  });
});
