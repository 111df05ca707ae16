// The stored traces: bounded, and deleted together with the journal.
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it } from 'vitest';
import { abortTransactions, closeAfterCommits, type Disk, openDisk } from '#test/unit/web/journal/disk.ts';
import { Database } from '#web/journal/database.ts';
import type { RedactedExchange, TraceRecord } from '#web/journal/unchained-records.ts';
import { MAX_STORED_EXCHANGES, MAX_TRACES, Traces } from '#web/state/help/traces.ts';

const exchange = (header: string): RedactedExchange => ({
  command: 'GET CHALLENGE',
  header,
  request: '',
  answer: '',
  statusWord: 0x9000,
  at: '2026-11-30T10:00:00.000Z',
});
const trace = (attempt: number, isDone = false, ...headers: string[]): TraceRecord => ({
  attempt,
  isDone,
  exchanges: headers.map(exchange),
});

async function open(factory = new IDBFactory()) {
  const database = await Database.open(factory, () => undefined);
  return { factory, database, traces: new Traces(database) };
}

const ids = async (traces: Traces): Promise<readonly number[]> =>
  (await traces.list()).map(({ attempt }) => attempt).sort((a, b) => a - b);

describe('the stored traces', () => {
  it('survive a reload', async () => {
    const { factory, database, traces } = await open();
    await traces.append([trace(1, false, 'A')]);
    await database.close();
    expect(await (await open(factory)).traces.list()).toEqual([trace(1, false, 'A')]);
  });

  it('grow with the attempt, and keep its newest exchanges', async () => {
    const { traces } = await open();
    const headers = Array.from({ length: MAX_STORED_EXCHANGES }, (_, index) => `${index}`);
    await traces.append([trace(1, false, 'first')]);
    await traces.append([trace(1, true, ...headers)]);
    expect(await traces.list()).toEqual([trace(1, true, ...headers)]);
  });

  it('are bounded: the oldest of loads that are done go first, then the oldest', async () => {
    const { traces } = await open();
    await traces.append([trace(1), trace(2, true), trace(3)]);
    for (let id = 4; id <= MAX_TRACES + 1; id++) await traces.append([trace(id)]);
    const all = Array.from({ length: MAX_TRACES + 2 }, (_, index) => index + 1);
    expect(await ids(traces)).toEqual(all.filter((id) => id !== 2 && id <= MAX_TRACES + 1));
    await traces.append([trace(MAX_TRACES + 2)]);
    expect(await ids(traces)).toEqual(all.filter((id) => id > 2));
  });

  it.each([
    ['aborts two transactions', (disk: Disk) => abortTransactions(disk, 2)],
    ['closes the database twice when the data is on disk', (disk: Disk) => closeAfterCommits(disk, 2)],
  ])('are stored and read once if the browser %s', async (_fault, disturb) => {
    const disk = await openDisk();
    const traces = new Traces(disk.database);
    await traces.append([trace(1, false, 'A')]);
    disturb(disk);
    await traces.append([trace(1, true, 'B'), trace(2, false, 'C')]);
    await disk.database.read(['traces'], async () => undefined); // opens the database
    disturb(disk);
    expect(await traces.list()).toEqual([trace(1, true, 'A', 'B'), trace(2, false, 'C')]);
  });

  it('are deleted together with the journal', async () => {
    const { factory, database, traces } = await open();
    await traces.append([trace(1, false, 'A')]);
    await database.close();
    await new Promise((resolve) => {
      factory.deleteDatabase('keyferry').onsuccess = resolve;
    });
    expect(await (await open(factory)).traces.list()).toEqual([]);
  });
});
