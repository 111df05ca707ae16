// What the journal does when its database is deleted, emptied or closed while the page is open. The
// tests in state/station do the same during a load.
import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import { clearSilently, empty, remove } from '#test/support/lost-database.ts';
import { Database } from '#web/journal/database.ts';
import { Journal } from '#web/journal/journal.ts';
import type { UnitRow } from '#web/journal/order-record.ts';
import { WorkOrderStore } from '#web/journal/work-orders.ts';
import { DISTURBANCES, type Disk, LOSSES, openDisk, stationChain } from './disk.ts';
import { ATTEMPT, LOST, NOT_IMPORTED, STEPS } from './records.ts';

const NOW = new Date('2026-01-02T03:04:05.678Z');
const ORDER = 4;
const OPENED = { step: 'order-opened', operator: 'Ada' } as const;
const UNKNOWN = [...STEPS.slice(0, 4), LOST];
const REFUSED = { code: 'journal-lost' };

const LOSS_NAMES = Object.keys(LOSSES) as (keyof typeof LOSSES)[];

interface Station {
  readonly disk: Disk;
  readonly journal: Journal;
  readonly troubles: () => number;
  /** Creates the journal of another page, with its own connection. */
  readonly page: (session: string) => Promise<Journal>;
}

async function setUp(): Promise<Station> {
  const disk = await openDisk();
  let troubles = 0;
  const now = (): Date => NOW;
  const journal = new Journal(disk.database, 'this', now, () => troubles++);
  const page = async (session: string): Promise<Journal> =>
    new Journal(await Database.open(disk.factory, () => undefined), session, now);
  return { disk, journal, troubles: () => troubles, page };
}

function rowOf(order: number): UnitRow {
  const at = NOW.toISOString();
  return { order, sn: ATTEMPT.sn, state: 'running', tries: 1, exported: [], begun: at, at };
}

const openRecords = ({ database }: Disk) =>
  database.run(['open'], 'readonly', (transaction) => transaction.objectStore('open').getAll());

describe.each(LOSS_NAMES)('after a loss (%s)', (name) => {
  it('the next write records the ends of the lost chains, and then the attempts of this page', async () => {
    const { disk, journal, troubles } = await setUp();
    await journal.note(ORDER, OPENED);
    await journal.begin(ATTEMPT, STEPS);
    const [unknown, running] = [await journal.begin(ATTEMPT, UNKNOWN), await journal.begin(ATTEMPT)];
    const { batches: lost } = await stationChain(disk);
    const [order] = lost.filter(({ entries }) => entries[0]?.body.step === 'order-opened');
    const station = lost.filter((batch) => batch !== order);
    await LOSSES[name](disk);
    const verified = await journal.append(running, STEPS, {}, 0);
    expect(verified).toBeUndefined();
    const { first, batches } = await stationChain(disk);
    expect(first).toBe(0);
    expect(batches[0]?.entries[0]).toEqual({
      at: NOW.getTime(),
      body: {
        step: 'journal-lost',
        ends: [
          [ORDER, 0, order?.hash],
          [0, STEPS.length + UNKNOWN.length + 2, station.at(-1)?.hash],
        ],
      },
    });
    expect(await journal.lostAt()).toBe(NOW.toISOString());
    expect(journal.isLost).toBe(true);
    expect(troubles()).toBeGreaterThan(0);
    const outcomes = (await journal.list(9)).map(({ id, outcome }) => [id, outcome]);
    expect(outcomes).toEqual([
      [running, 'done'],
      [unknown, 'unknown'],
    ]);
    expect((await journal.unsettled()).map(({ id }) => id)).toEqual([unknown]);
  });

  it('the numbers of new attempts continue those of the lost journal', async () => {
    const { disk, journal } = await setUp();
    for (let count = 0; count < 3; count++) await journal.begin(ATTEMPT, STEPS);
    await LOSSES[name](disk);
    expect(await journal.begin(ATTEMPT)).toBe(4);
    expect(await journal.begin(ATTEMPT)).toBe(5);
    await stationChain(disk);
  });

  it('an open order is refused until it is opened again', async () => {
    const { disk, journal } = await setUp();
    await journal.note(ORDER, OPENED);
    const running = await journal.begin({ ...ATTEMPT, order: ORDER, workOrder: 'JOB' });
    journal.requireChain(ORDER);
    await LOSSES[name](disk);
    await expect(journal.note(ORDER, { step: 'order-paused' }, rowOf(ORDER))).rejects.toMatchObject(REFUSED);
    await expect(journal.begin({ ...ATTEMPT, order: ORDER })).rejects.toMatchObject(REFUSED);
    expect(() => journal.requireChain(ORDER)).toThrow(expect.objectContaining(REFUSED));
    journal.requireChain(0);
    await journal.append(running, STEPS, { unit: rowOf(ORDER) });
    const orders = new WorkOrderStore(disk.database, () => NOW);
    expect(await orders.unit(ORDER, ATTEMPT.sn)).toBeUndefined();
    const attempt = await journal.get(running);
    expect(attempt).toMatchObject({ outcome: 'done', workOrder: 'JOB' });
    expect(attempt).not.toHaveProperty('order');
    await journal.note(ORDER, OPENED);
    await journal.note(ORDER, { step: 'order-paused' }, rowOf(ORDER));
    expect(await orders.unit(ORDER, ATTEMPT.sn)).toEqual(rowOf(ORDER));
    const again = await journal.begin({ ...ATTEMPT, order: ORDER });
    await journal.append(again, STEPS, { unit: rowOf(ORDER) });
    expect(await orders.unit(ORDER, ATTEMPT.sn)).toEqual({ ...rowOf(ORDER), attempt: again });
    expect(await orders.check(ORDER)).toBeUndefined();
    await expect(journal.note(ORDER + 1, { step: 'order-paused' })).rejects.toMatchObject(REFUSED);
  });
});

describe.each(['remove', 'clearSite'] as const)('a page that is told of the loss (%s)', (name) => {
  it('begins a new journal at once and reports it', async () => {
    const { disk, journal, troubles } = await setUp();
    const unknown = await journal.begin(ATTEMPT, UNKNOWN);
    await LOSSES[name](disk);
    await expect.poll(troubles).toBeGreaterThan(0);
    expect(journal.isLost).toBe(true);
    expect((await stationChain(disk)).batches[0]?.entries[0]?.body.step).toBe('journal-lost');
    expect(await openRecords(disk)).toEqual([{ session: 'this', attempts: [unknown] }]);
  });
});

describe('a loss that no event reports', () => {
  it.each([clearSilently, empty])('is found when an attempt is read (%o)', async (lose) => {
    const { disk, journal } = await setUp();
    const id = await journal.begin(ATTEMPT, UNKNOWN);
    await lose(disk);
    expect(await journal.get(id + 1)).toBeUndefined();
    expect(journal.isLost).toBe(false);
    expect(await journal.get(id)).toMatchObject({ id, outcome: 'unknown' });
    expect(journal.isLost).toBe(true);
  });

  it.each([clearSilently, empty])('is found when the unsettled attempts are read (%o)', async (lose) => {
    const { disk, journal } = await setUp();
    const id = await journal.begin(ATTEMPT, UNKNOWN);
    await lose(disk);
    expect((await journal.unsettled()).map((attempt) => attempt.id)).toEqual([id]);
    expect(journal.isLost).toBe(true);
  });

  it('is reported once', async () => {
    const { disk, journal, troubles } = await setUp();
    await journal.begin(ATTEMPT);
    await empty(disk);
    await journal.begin(ATTEMPT);
    await journal.begin(ATTEMPT);
    expect(troubles()).toBe(1);
  });

  it('leaves out an attempt whose number another page has used', async () => {
    const { disk, journal, page } = await setUp();
    const id = await journal.begin(ATTEMPT);
    await clearSilently(disk);
    const other = await page('other');
    expect(await other.begin({ ...ATTEMPT, operator: 'Grace' })).toBe(id);
    await expect(journal.append(id, STEPS, {}, 0)).rejects.toMatchObject(REFUSED);
    expect((await journal.list(9)).map(({ operator }) => operator)).toEqual(['Grace']);
    expect(await journal.begin(ATTEMPT)).toBe(id + 1);
    expect(await openRecords(disk)).toEqual([
      { session: 'other', attempts: [id] },
      { session: 'this', attempts: [id + 1] },
    ]);
  });
});

describe('attempts whose numbers have gaps', () => {
  it('are listed newest first, page by page', async () => {
    const { disk, journal } = await setUp();
    await journal.begin(ATTEMPT, UNKNOWN);
    for (let count = 0; count < 2; count++) await journal.begin(ATTEMPT, STEPS);
    await journal.begin(ATTEMPT, UNKNOWN);
    for (let count = 0; count < 2; count++) await journal.begin(ATTEMPT, STEPS);
    await remove(disk);
    await journal.begin(ATTEMPT, STEPS);
    const ids = async (limit: number, before?: number) => (await journal.list(limit, before)).map(({ id }) => id);
    expect(await ids(4)).toEqual([7, 4, 1]);
    expect(await ids(2)).toEqual([7, 4]);
    expect([await ids(1, 7), await ids(1, 4), await ids(1, 1)]).toEqual([[4], [1], []]);
  });
});

describe('the attempts of this page', () => {
  it('are in the sequence of their numbers after a loss, in whatever sequence they were read', async () => {
    const { disk, journal, page } = await setUp();
    const other = await (await page('other')).begin(ATTEMPT, STEPS.slice(0, 4));
    const own = await journal.begin(ATTEMPT, UNKNOWN);
    await journal.append(other, LOST);
    await clearSilently(disk);
    await journal.begin(ATTEMPT, STEPS);
    const entries = (await stationChain(disk)).batches.flatMap((batch) => batch.entries);
    const begun = entries.filter(({ body }) => body.step === 'begin').map(({ of }) => of?.[0]);
    expect(begun).toEqual([other, own, own + 1]);
  });
});

describe('a running attempt', () => {
  it('is kept for the journal after a loss, also when the unsettled attempts were read', async () => {
    const { disk, journal } = await setUp();
    const id = await journal.begin(ATTEMPT);
    expect(await journal.unsettled()).toEqual([]);
    await clearSilently(disk);
    await journal.append(id, STEPS);
    expect((await journal.get(id))?.outcome).toBe('done');
  });
});

describe('a chain without entries', () => {
  it('is not among the lost chains', async () => {
    const { disk, journal, troubles } = await setUp();
    await DISTURBANCES.close(disk); // the page reads the empty chain of the station
    await expect.poll(troubles).toBe(1);
    await journal.note(ORDER, OPENED);
    await clearSilently(disk);
    await journal.note(ORDER, OPENED);
    const { body } = (await stationChain(disk)).batches[0]?.entries[0] ?? {};
    expect(body).toEqual({ step: 'journal-lost', ends: [[ORDER, 0, expect.any(Uint8Array)]] });
  });
});

describe('a page that did not write the lost entries', () => {
  it('finds no loss', async () => {
    const { disk, journal, page } = await setUp();
    await (await page('other')).begin(ATTEMPT, STEPS);
    await empty(disk);
    expect(await journal.begin(ATTEMPT)).toBe(1);
    expect(journal.isLost).toBe(false);
    expect(await journal.lostAt()).toBeUndefined();
  });

  it('records that the database was deleted, and begins with attempt 1', async () => {
    const { disk, journal } = await setUp();
    const other = await Database.open(disk.factory, () => undefined);
    await new Journal(other, 'other', () => NOW).begin(ATTEMPT, STEPS);
    await other.close();
    await remove(disk);
    expect(await journal.begin(ATTEMPT)).toBe(1);
    expect(journal.isLost).toBe(true);
    expect((await stationChain(disk)).batches[0]?.entries[0]?.body).toEqual({ step: 'journal-lost', ends: [] });
  });
});

describe('a journal that was replaced by an earlier copy', () => {
  it('is lost, although each chain has a first entry', async () => {
    const { disk, journal } = await setUp();
    const id = await journal.begin(ATTEMPT);
    const earlier = await disk.database.run(['batches'], 'readonly', (transaction) =>
      transaction.objectStore('batches').getAll(),
    );
    await journal.append(id, STEPS.slice(0, 2));
    await empty(disk);
    await disk.database.run(['batches'], 'readwrite', async (transaction) => {
      for (const batch of earlier) await transaction.objectStore('batches').add(batch, [0, 0]);
    });
    await DISTURBANCES.close(disk);
    await expect(journal.append(id, STEPS.slice(2), {}, 2)).rejects.toMatchObject({ code: 'journal-failed' });
    expect(journal.isLost).toBe(true);
    expect((await stationChain(disk)).batches.map(({ entries }) => entries[0]?.body.step)).toEqual([
      'begin',
      'journal-lost',
    ]);
  });
});

describe.each(Object.keys(DISTURBANCES) as (keyof typeof DISTURBANCES)[])('a disturbance (%s)', (name) => {
  it('loses nothing, and the order that was open can be continued', async () => {
    const { disk, journal } = await setUp();
    await journal.note(ORDER, OPENED);
    const id = await journal.begin({ ...ATTEMPT, order: ORDER });
    await DISTURBANCES[name](disk);
    await journal.append(id, UNKNOWN, { unit: rowOf(ORDER) });
    await DISTURBANCES[name](disk);
    await journal.append(id, NOT_IMPORTED);
    await journal.note(ORDER, { step: 'order-paused' });
    expect(journal.isLost).toBe(false);
    expect((await journal.list(9)).map(({ outcome }) => outcome)).toEqual(['failed']);
    const orders = new WorkOrderStore(disk.database, () => NOW);
    expect(await orders.check(ORDER)).toBeUndefined();
    expect(await orders.unit(ORDER, ATTEMPT.sn)).toMatchObject({ attempt: id });
  });
});

describe('a connection that was closed', () => {
  it('is reported, although nothing was lost', async () => {
    const { disk, journal, troubles } = await setUp();
    await journal.begin(ATTEMPT);
    await DISTURBANCES.close(disk);
    await expect.poll(troubles).toBe(1);
    expect(journal.isLost).toBe(false);
  });

  it('is reported also when the database cannot be opened again', async () => {
    const { disk, journal, troubles } = await setUp();
    await journal.begin(ATTEMPT);
    disk.factory.open = () => {
      throw new DOMException('The user denied permission.', 'SecurityError');
    };
    await DISTURBANCES.close(disk);
    await expect.poll(troubles).toBe(1);
    await expect(journal.begin(ATTEMPT)).rejects.toMatchObject({ code: 'journal-failed' });
  });
});

describe('a transaction that fails', () => {
  it.each([
    ['AbortError', 3, 4], // the last transaction only checks whether the third try is on disk
    ['InvalidStateError', 3, 4],
    ['UnknownError', 3, 4],
    ['ConstraintError', 20, 20], // another page has written to the chain
    ['QuotaExceededError', 1, 1],
  ])('with %s is tried %i times at most', async (name, max, transactions) => {
    const { disk, journal } = await setUp();
    await journal.begin(ATTEMPT);
    let tries = 0;
    const run = disk.database.run.bind(disk.database);
    const failFirst = (count: number): void => {
      tries = 0;
      disk.database.run = (stores, mode, body, durability) => {
        const isFailing = tries++ < count;
        return run(stores, mode, isFailing ? () => Promise.reject(new DOMException('cut', name)) : body, durability);
      };
    };
    failFirst(max - 1);
    expect(await journal.begin(ATTEMPT)).toBe(2);
    expect(tries).toBe(max);
    failFirst(max);
    const code = name === 'QuotaExceededError' ? 'journal-full' : 'journal-failed';
    await expect(journal.begin(ATTEMPT)).rejects.toMatchObject({ code });
    expect(tries).toBe(transactions);
    expect(await journal.begin(ATTEMPT)).toBe(3);
  });
});
