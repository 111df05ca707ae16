// Imports lists into the open order and saves lists of it, with a real journal.
import { describe, expect, it, vi } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { parseCsv } from '#protocol/orders/csv.ts';
import { workOrder } from '#test/support/work-orders.ts';
import type { UnitRow } from '#web/journal/order-record.ts';
import { ListExchange } from '#web/state/orders/list-exchange.svelte.ts';
import { ONE_LINE, sn, unit, World } from './order-fixture.ts';

const file = (content: string) => new File([content], 'customer.csv');

/** Opens an order for `count` units and starts it. Loads the first unit. */
async function attachedOrder(count = 4) {
  const world = new World(
    Array.from({ length: count }, (_, index) => unit(index + 1)),
    ONE_LINE,
  );
  const page = await world.open();
  await page.start();
  await page.run.start();
  const [first] = world.cables;
  if (first) await page.plug(first);
  const lists = new ListExchange({
    order: world.order,
    rows: () => page.store.all(page.chain),
    elsewhere: () => page.run.counts.elsewhere,
    reported: () => new Map(),
    explain: (reasons) => page.run.explain(reasons),
    isInUse: (number) => page.run.isInUse(number),
  });
  return { page, lists };
}

describe('a list of units', () => {
  it('is compared with the order in both directions', async () => {
    const { lists } = await attachedOrder();
    await lists.compare(file(`SN,FROM,TO\n,${sn(2)},${sn(3)}\n${sn(77)},,\n`));
    expect(lists.comparison).toEqual({
      fileName: 'customer.csv',
      both: 2,
      onlyOnList: { count: 1, first: [sn(77)] },
      onlyOnOrder: { count: 2, first: [sn(1), sn(4)] },
    });
    await lists.compare(file(JSON.stringify([[sn(1), sn(4)]])));
    expect(lists.comparison).toMatchObject({ both: 4, onlyOnList: { count: 0 }, onlyOnOrder: { count: 0 } });
  });

  it('with malformed rows is refused with a problem per row, and clears the last comparison', async () => {
    const { lists } = await attachedOrder();
    await lists.compare(file(`SN\n${sn(1)}\n`));
    await lists.compare(file(`SN\n${sn(1)}\nnone\n`));
    expect(lists.comparison).toBeUndefined();
    expect(lists.problems).toEqual([
      { row: 3, column: 'SN', why: expect.stringContaining('"none" is not a serial number') },
    ]);
    await lists.compare(file('[not JSON'));
    expect(lists.failure).toMatchObject({ code: 'file-refused' });
  });
});

describe('a list of reasons', () => {
  it('is stored with its units, which then count as absent', async () => {
    const { lists, page } = await attachedOrder();
    await lists.importReasons(file(`SN,REASON\n${sn(2)},Stolen\n${sn(4)},Cover is broken\n`));
    expect(lists.importedReasons).toBe(2);
    expect(page.run.counts.here).toMatchObject({ done: 1, absent: 2 });
    expect(await page.store.unit(page.chain, sn(4))).toMatchObject({ state: 'absent', reason: 'Cover is broken' });
  });

  it('is refused as a whole if a unit is done or is not on the order', async () => {
    const { lists, page } = await attachedOrder();
    await lists.importReasons(file(`SN,REASON\n${sn(2)},Stolen\n${sn(1)},Lost\n${sn(77)},Lost\n`));
    expect(lists.problems).toEqual([
      { row: 3, column: 'SN', why: 'the unit is done and needs no reason' },
      { row: 4, column: 'SN', why: 'the unit is not on this order' },
    ]);
    expect(page.run.counts.here).toMatchObject({ done: 1, absent: 0 });
  });

  it('is refused while one of its units is being loaded', async () => {
    const { lists, page } = await attachedOrder();
    page.run.isInUse = (number) => number === sn(3);
    await lists.importReasons(file(`SN,REASON\n${sn(2)},Stolen\n${sn(3)},Lost\n`));
    expect(lists.problems).toEqual([{ row: 3, column: 'SN', why: expect.stringContaining('is being loaded') }]);
    expect(page.run.counts.here).toMatchObject({ absent: 0 });
  });
});

describe('a journal that fails', () => {
  it('stores all reasons in one transaction, or none', async () => {
    const { lists, page } = await attachedOrder();
    const reasons = file(`SN,REASON\n${sn(2)},Stolen\n${sn(3)},Lost\n${sn(4)},Lost\n`);
    const begin = IDBDatabase.prototype.transaction;
    let writes = 0;
    const disk = vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (
      this: IDBDatabase,
      ...asked
    ) {
      if (asked[1] === 'readwrite' && writes-- <= 0) throw new DOMException('no space', 'QuotaExceededError');
      return begin.apply(this, asked);
    });
    await lists.importReasons(reasons);
    expect(lists.failure).toEqual({ code: 'journal-full' });
    expect(await page.store.counts(page.chain)).toMatchObject({ done: 1, absent: 0 });
    writes = 1;
    await lists.importReasons(reasons);
    disk.mockRestore();
    expect(lists.importedReasons).toBe(3);
    expect(await page.store.counts(page.chain)).toMatchObject({ done: 1, absent: 3 });
    expect(page.run.counts.here).toMatchObject({ done: 1, absent: 3 });
  });

  it('is refused with the way out when it is not text', async () => {
    const lists = new ListExchange({
      order: workOrder([[sn(1), sn(2)]], ONE_LINE),
      rows: none,
      elsewhere: () => new Set(),
      reported: () => new Map(),
      explain: async () => undefined,
      isInUse: () => false,
    });
    const windows = new File([Buffer.from('SN;REASON\r\n1;in Köln\r\n', 'latin1')], 'reasons.csv');
    const message = { title: 'This file is not UTF-8.', remedy: 'In the spreadsheet, save the file as CSV UTF-8' };
    for (const open of [() => lists.importReasons(windows), () => lists.compare(windows)]) {
      await open();
      expect(lists.failure).toEqual({ code: 'file-refused', message });
    }
    await lists.importReasons(
      new File([Buffer.from(`\ufeffSN\tREASON\r\n${sn(1)}\tin Ko\u0308ln\r\n`, 'utf16le')], 'x.txt'),
    );
    expect([lists.failure, lists.problems, lists.importedReasons]).toEqual([undefined, [], 1]);
    await lists.importReasons(file(`SN,REASON\n${sn(1)},a\u202eb\n`));
    expect(lists.problems[0]?.why).toBe('the reason contains U+202E RIGHT-TO-LEFT OVERRIDE at position 2');
    await lists.compare({
      name: 'gone',
      size: 1,
      arrayBuffer: () => Promise.reject(new DOMException('', 'NotFoundError')),
    });
    expect(lists.failure?.message?.title).toBe('The browser cannot read this file.');
    await lists.compare({ name: 'long', size: 2 ** 30, arrayBuffer: () => Promise.reject(new TypeError()) });
    expect(lists.failure?.message?.title).toBe('This file is too long.');
  });

  it('is reported instead of an exported file, until the journal can be read again', async () => {
    let isRefused = true;
    const lists = new ListExchange({
      order: workOrder([[sn(1), sn(2)]], ONE_LINE),
      rows: () => {
        if (isRefused) throw new ProtocolError('journal-failed', 'the storage is gone');
        return none();
      },
      elsewhere: () => new Set(),
      reported: () => new Map(),
      explain: async () => undefined,
      isInUse: () => false,
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
  it('include units that are done at another station, which need no reason', async () => {
    const lists = new ListExchange({
      order: workOrder([[sn(1), sn(2)]], ONE_LINE),
      rows: none,
      elsewhere: () => new Set([sn(2)]),
      reported: () => new Map(),
      explain: async () => undefined,
      isInUse: () => false,
    });
    expect(await lists.csv()).toContain(`${sn(2)},done,At another station,0`);
    expect(await lists.csv()).toContain(`${sn(1)},unseen,,0`);
    await lists.importReasons(file(`SN,REASON\n${sn(2)},Lost\n`));
    expect(lists.problems).toMatchObject([{ why: 'the unit is done and needs no reason' }]);
  });

  it('are exported as CSV and JSON, with the units that were never attached', async () => {
    const { lists, page } = await attachedOrder();
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

  it('of a closed order have the states and reasons of its report', async () => {
    const row = { order: 1, sn: sn(2), state: 'failed', reason: 'Cover is broken', aside: true } as const;
    const aside: UnitRow = { ...row, tries: 1, exported: [], begun: '', at: '' };
    const lists = new ListExchange({
      order: workOrder([[sn(1), sn(4)]], ONE_LINE),
      rows: async function* () {
        yield aside;
      },
      elsewhere: () => new Set([sn(1)]),
      reported: () =>
        new Map([
          [sn(1), { sn: sn(1), outcome: 'done', reason: null }],
          [sn(2), { sn: sn(2), outcome: 'failed', reason: 'Cover is broken' }],
          [sn(3), { sn: sn(3), outcome: 'failed', reason: 'Unplugged (device-lost)' }],
          [sn(4), { sn: sn(4), outcome: 'absent', reason: 'In the stores' }],
        ]),
      explain: async () => undefined,
      isInUse: () => false,
    });
    const { units } = JSON.parse((await lists.json()) ?? '') as { units: readonly Record<string, unknown>[] };
    expect(units.map(({ state, reason }) => [state, reason])).toEqual([
      ['done', 'At another station'],
      ['aside', 'Cover is broken'],
      ['failed', 'Unplugged (device-lost)'],
      ['absent', 'In the stores'],
    ]);
  });
});
