// The browser closes the database during a commit, and the journal repeats the commit only if it is
// not on disk.
import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import { Database } from '#web/journal/database.ts';
import { Journal } from '#web/journal/journal.ts';
import type { UnitRow } from '#web/journal/order-record.ts';
import { WorkOrderStore } from '#web/journal/work-orders.ts';
import { pinnedServices } from '#web/trust-store/pinned-roots.ts';
import { StationTrustStore } from '#web/trust-store/trust-store.ts';
import {
  abortTransactions,
  atNextTransaction,
  closeAfterCommit,
  closeAfterCommits,
  closeAtFirstRequest,
  type Disk,
  openDisk,
  stationChain,
} from './disk.ts';
import { ATTEMPT, INTERRUPTION, STEPS } from './records.ts';

const NOW = new Date('2026-01-02T03:04:05.678Z');
const ORDER = 4;
const ROW: UnitRow = {
  ...{ order: ORDER, sn: ATTEMPT.sn, state: 'running', tries: 1, exported: [] },
  ...{ begun: NOW.toISOString(), at: NOW.toISOString() },
};

const ordersOf = ({ database }: Disk): WorkOrderStore => new WorkOrderStore(database, () => NOW);

async function setUp() {
  const disk = await openDisk();
  const now = (): Date => NOW;
  /** Creates the journal of another page, with its own connection. */
  const page = async (session: string) => new Journal(await Database.open(disk.factory, () => undefined), session, now);
  return { disk, journal: new Journal(disk.database, 'this', now), page };
}

describe.each([true, false])('a commit before the close event (completion reported: %s)', (isReported) => {
  const steps = async ({ page }: Awaited<ReturnType<typeof setUp>>) =>
    (await (await page('reader')).list(10)).map((attempt) => [attempt.id, attempt.steps.length]);

  it('begins an attempt once', async () => {
    const station = await setUp();
    await station.journal.begin(ATTEMPT);
    closeAfterCommit(station.disk, isReported);
    expect(await station.journal.begin(ATTEMPT, STEPS.slice(0, 2))).toBe(2);
    await station.journal.append(2, STEPS.slice(2), {}, 2);
    expect(await steps(station)).toEqual([
      [2, STEPS.length],
      [1, 0],
    ]);
    expect(station.journal.isLost).toBe(false);
    await stationChain(station.disk);
  });

  it('appends steps once, with and without the number of earlier steps', async () => {
    const station = await setUp();
    await station.journal.begin(ATTEMPT);
    closeAfterCommit(station.disk, isReported);
    await station.journal.append(1, STEPS.slice(0, 2), {}, 0);
    closeAfterCommit(station.disk, isReported);
    await station.journal.append(1, STEPS.slice(2, 4));
    expect(await steps(station)).toEqual([[1, 4]]);
  });

  it('stores an event of an order once, and the row of its unit', async () => {
    const { disk, journal } = await setUp();
    await journal.note(ORDER, { step: 'order-opened', operator: 'Ada' });
    closeAfterCommit(disk, isReported);
    await journal.note(ORDER, { step: 'order-paused' }, ROW);
    const batches = await disk.database.run(['batches'], 'readonly', (transaction) =>
      transaction.objectStore('batches').getAll(IDBKeyRange.bound([ORDER, 0], [ORDER, 9])),
    );
    expect(batches.flatMap(({ entries }) => entries.map(({ body }) => body.step))).toEqual([
      'order-opened',
      'order-paused',
    ]);
    expect(await new WorkOrderStore(disk.database, () => NOW).unit(ORDER, ATTEMPT.sn)).toEqual(ROW);
  });
});

describe('a commit whose every try is on disk before the browser closes the database', () => {
  it.each([1, 2, 3, 4])('succeeds after %i closes, and is stored once', async (closes) => {
    const { disk, journal, page } = await setUp();
    await journal.begin(ATTEMPT);
    closeAfterCommits(disk, closes);
    expect(await journal.begin(ATTEMPT, STEPS.slice(0, 2))).toBe(2);
    await journal.append(2, STEPS.slice(2), {}, 2);
    const stored = await (await page('reader')).list(10);
    expect(stored.map(({ id, steps }) => [id, steps.length])).toEqual([
      [2, STEPS.length],
      [1, 0],
    ]);
    await stationChain(disk);
  });
});

describe('a commit that the browser aborts', () => {
  it('fails after three tries if it is not on disk, and can be written later', async () => {
    const { disk, journal } = await setUp();
    await journal.begin(ATTEMPT);
    abortTransactions(disk, 3);
    await expect(journal.append(1, STEPS.slice(0, 2))).rejects.toMatchObject({ code: 'journal-failed' });
    await journal.append(1, STEPS.slice(0, 2), {}, 0);
    expect((await journal.list(9)).map(({ steps }) => steps.length)).toEqual([2]);
  });

  it('is found on disk if only its third try is there', async () => {
    const { disk, journal } = await setUp();
    await journal.begin(ATTEMPT);
    abortTransactions(disk, 2, () => closeAfterCommit(disk, false));
    await journal.append(1, STEPS.slice(0, 2), {}, 0);
    expect((await journal.list(9)).map(({ steps }) => steps.length)).toEqual([2]);
  });
});

describe.each([
  ['aborts one transaction', (disk: Disk) => abortTransactions(disk, 1)],
  ['aborts two transactions', (disk: Disk) => abortTransactions(disk, 2)],
  ['closes the database when the first is on disk', (disk: Disk) => closeAfterCommits(disk, 1)],
  ['closes the database when each is on disk', (disk: Disk) => closeAfterCommits(disk, 3)],
])('if the browser %s', (_fault, disturb) => {
  const open = (disk: Disk) => disk.database.read(['open'], (transaction) => transaction.objectStore('open').getAll());

  it('a page takes over the attempts of a closed page, and lists them with its own', async () => {
    const { disk, journal, page } = await setUp();
    await (await page('closed')).begin(ATTEMPT, [...STEPS.slice(0, 4), INTERRUPTION]);
    atNextTransaction(disk, () => disturb(disk)); // the first transaction only reads
    expect(await journal.recover(new Set(['this']))).toBe(0);
    expect(await open(disk)).toEqual([{ session: 'this', attempts: [1] }]);
    await journal.begin(ATTEMPT);
    expect(await open(disk)).toEqual([{ session: 'this', attempts: [1, 2] }]);
    expect((await journal.unsettled()).map(({ id }) => id)).toEqual([1]);
  });

  it('a page records the interruption of an attempt of a closed page once', async () => {
    const { disk, journal, page } = await setUp();
    await (await page('closed')).begin(ATTEMPT, STEPS.slice(0, 4));
    disturb(disk);
    expect(await journal.recover(new Set(['this']))).toBe(1);
    expect((await journal.get(1))?.steps.map(({ step }) => step).slice(4)).toEqual(['interruption']);
    expect(await open(disk)).toEqual([{ session: 'this', attempts: [1] }]);
  });

  it.each<readonly [string, (station: Awaited<ReturnType<typeof setUp>>) => Promise<unknown>]>([
    ['an attempt', ({ journal }) => journal.get(1)],
    ['the list of attempts', ({ journal }) => journal.list(9)],
    ['the unsettled attempts', ({ journal }) => journal.unsettled()],
    ['the time of a loss', ({ journal }) => journal.lostAt()],
    ['the orders', ({ disk }) => ordersOf(disk).list()],
    ['a row', ({ disk }) => ordersOf(disk).unit(ORDER, ATTEMPT.sn)],
    ['some rows', ({ disk }) => ordersOf(disk).rowsOf(ORDER, [ATTEMPT.sn])],
    ['a range of rows', ({ disk }) => ordersOf(disk).units(ORDER, '', 'Z', 9)],
    ['the rows of a state', ({ disk }) => ordersOf(disk).unitsIn(ORDER, 'running', 9)],
    ['the counts', ({ disk }) => ordersOf(disk).counts(ORDER)],
    ['the check of a chain', ({ disk }) => ordersOf(disk).check(ORDER)],
    ['the pinned services', ({ disk }) => pinnedServices(disk.database)],
  ])('a read of %s succeeds', async (_name, read) => {
    const station = await setUp();
    const { disk, journal } = station;
    await journal.begin(ATTEMPT, STEPS.slice(0, 5));
    await journal.note(ORDER, { step: 'order-opened', operator: 'Ada' }, ROW);
    await new StationTrustStore(disk.database, 'https://as.example', () => NOW).pin('AAAA');
    const before = await read(station);
    disturb(disk);
    expect(await read(station)).toEqual(before);
  });
});

describe('a close while a commit reads what it needs', () => {
  it('stops this try, so that only the next one writes', async () => {
    const { disk, journal, page } = await setUp();
    await (await page('other')).begin(ATTEMPT);
    closeAtFirstRequest(disk);
    expect(await journal.begin({ ...ATTEMPT, operator: 'Grace' })).toBe(2);
    expect((await journal.list(9)).map(({ id, operator }) => [id, operator])).toEqual([
      [2, 'Grace'],
      [1, ATTEMPT.operator],
    ]);
  });
});
