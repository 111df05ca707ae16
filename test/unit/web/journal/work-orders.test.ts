import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it } from 'vitest';
import { Database } from '#web/journal/database.ts';
import type { UnitRow } from '#web/journal/order-record.ts';
import { WorkOrderStore } from '#web/journal/work-orders.ts';
import { abortTransactions, closeAfterCommit, closeAfterCommits, type Disk, openDisk } from './disk.ts';

const NOW = '2026-01-02T03:04:05.678Z';
const sn = (number: number): string => number.toString(16).toUpperCase().padStart(32, '0');

async function setUp(): Promise<{ orders: WorkOrderStore; write: (...rows: UnitRow[]) => Promise<void> }> {
  const database = await Database.open(new IDBFactory(), () => undefined);
  return {
    orders: new WorkOrderStore(database, () => new Date(NOW)),
    write: (...rows) =>
      database.run(['units'], 'readwrite', async (transaction) => {
        for (const row of rows) await transaction.objectStore('units').put(row);
      }),
  };
}

function row(number: number, state: UnitRow['state'], change: Partial<UnitRow> = {}): UnitRow {
  return { order: 1, sn: sn(number), state, tries: 1, exported: [], begun: NOW, at: NOW, ...change };
}

describe('the stored orders', () => {
  it('have a number and the time at which each was first opened, and are listed newest first', async () => {
    const { orders } = await setUp();
    const first = await orders.save('as JOB-1', '{"v":1}');
    const second = await orders.save('as JOB-2', '{}');
    expect(first).toEqual({ order: 1, name: 'as JOB-1', document: '{"v":1}', openedAt: NOW });
    expect(await orders.list()).toEqual([second, first]);
  });

  it('keep their number and their report when a newer document is stored', async () => {
    const { orders } = await setUp();
    const { order } = await orders.save('as JOB-1', '{"v":1}');
    await orders.close(order, '{"report":1}');
    const saved = await orders.save('as JOB-1', '{"v":2}');
    expect(saved).toMatchObject({ order, document: '{"v":2}', report: '{"report":1}', endedAs: 'closed' });
    expect(await orders.list()).toEqual([saved]);
  });

  it('show that the AS has ended them', async () => {
    const { orders } = await setUp();
    const { order } = await orders.save('as JOB-1', '{}');
    await orders.end(order, 'revoked');
    expect(await orders.list()).toMatchObject([{ name: 'as JOB-1', document: '{}', endedAs: 'revoked' }]);
    await expect(orders.close(order + 1, '{}')).rejects.toThrow('there is no order 2');
    await expect(orders.end(order + 1, 'closed')).rejects.toThrow(RangeError);
    expect(await orders.list()).toHaveLength(1);
  });

  it.each([
    ['aborts two transactions', (disk: Disk) => abortTransactions(disk, 2)],
    [
      'aborts two transactions, and closes the database when the third is on disk',
      (disk: Disk) => abortTransactions(disk, 2, () => closeAfterCommit(disk, false)),
    ],
    ['closes the database twice when the data is on disk', (disk: Disk) => closeAfterCommits(disk, 2)],
  ])('are stored once if the browser %s', async (_fault, disturb) => {
    const disk = await openDisk();
    const orders = new WorkOrderStore(disk.database, () => new Date(NOW));
    const disturbNext = async (): Promise<void> => {
      await orders.list(); // opens the database
      disturb(disk);
    };
    await disturbNext();
    const first = { order: 1, name: 'as JOB-1', openedAt: NOW };
    expect(await orders.save(first.name, '{}')).toEqual({ ...first, document: '{}' });
    await disturbNext();
    expect(await orders.save(first.name, '{"v":2}')).toEqual({ ...first, document: '{"v":2}' });
    await disturbNext();
    await orders.close(first.order, '{"report":1}');
    expect(await orders.list()).toEqual([{ ...first, document: '{"v":2}', report: '{"report":1}', endedAs: 'closed' }]);
  });

  it('are not stored if the browser aborts three transactions', async () => {
    const disk = await openDisk();
    const orders = new WorkOrderStore(disk.database, () => new Date(NOW));
    abortTransactions(disk, 3);
    await expect(orders.save('as JOB-1', '{}')).rejects.toMatchObject({ code: 'journal-failed' });
    expect(await orders.list()).toEqual([]);
  });
});

describe('the rows of an order', () => {
  const rows = [row(1, 'done'), row(2, 'failed', { aside: true }), row(3, 'failed'), row(4, 'running'), row(5, 'done')];

  it('are read one at a time, in the sequence that the caller gives, and by range', async () => {
    const { orders, write } = await setUp();
    await write(...rows, row(2, 'done', { order: 2 }));
    expect(await orders.unit(1, sn(2))).toEqual(rows[1]);
    expect(await orders.unit(2, sn(1))).toBeUndefined();
    expect(await orders.rowsOf(1, [sn(3), sn(9), sn(1)])).toEqual([rows[2], undefined, rows[0]]);
    expect(await orders.units(1, sn(2), sn(4), 10)).toEqual(rows.slice(1, 4));
    expect(await orders.units(1, sn(2), sn(4), 2)).toEqual(rows.slice(1, 3));
  });

  it('are listed by state, without the units that were set aside, page by page', async () => {
    const { orders, write } = await setUp();
    await write(...rows, row(6, 'failed', { order: 2 }));
    expect(await orders.unitsIn(1, 'failed', 10)).toEqual([rows[2]]);
    expect(await orders.unitsIn(1, 'aside', 10)).toEqual([rows[1]]);
    expect(await orders.unitsIn(1, 'done', 1)).toEqual([rows[0]]);
    expect(await orders.unitsIn(1, 'done', 1, sn(1))).toEqual([rows[4]]);
    expect(await orders.unitsIn(1, 'done', 9, sn(5))).toEqual([]);
    expect(await orders.unitsIn(1, 'absent', 9)).toEqual([]);
    expect(await orders.unitsIn(1, 'absent', 9, sn(1))).toEqual([]);
  });

  it('are counted by state', async () => {
    const { orders, write } = await setUp();
    await write(...rows, row(6, 'failed', { order: 2 }), row(7, 'unknown'), row(8, 'absent'));
    expect(await orders.counts(1)).toEqual({ running: 1, done: 2, failed: 1, unknown: 1, absent: 1, aside: 1 });
    expect(await orders.counts(3)).toEqual({ running: 0, done: 0, failed: 0, unknown: 0, absent: 0, aside: 0 });
  });

  it.each([0, 1, 999, 1000, 1001, 2000, 2003])('are all read, each once, when there are %i', async (count) => {
    const { orders, write } = await setUp();
    const written = Array.from({ length: count }, (_, number) => row(number, 'done'));
    await write(...written, row(1, 'done', { order: 2 }));
    const read: string[] = [];
    for await (const unit of orders.all(1)) read.push(unit.sn);
    expect(read).toEqual(written.map((unit) => unit.sn));
  });
});
