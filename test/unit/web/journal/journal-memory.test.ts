// What the page keeps of its journal, and how it starts a new journal after a loss.
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it } from 'vitest';
import { batchOf, type Entry, STATION_CHAIN } from '#web/journal/chain.ts';
import { Commit } from '#web/journal/commit.ts';
import { Database, type Transaction } from '#web/journal/database.ts';
import { JournalMemory, stepsOf } from '#web/journal/journal-memory.ts';
import { ATTEMPT, STEPS } from './records.ts';

const hash = (fill: number) => new Uint8Array(32).fill(fill);
const beginOf = (attempt: number, order?: number): Entry => ({
  ...{ of: [attempt, 0], at: 1 },
  body: { step: 'begin', ...ATTEMPT, ...(order === undefined ? {} : { order, workOrder: 'JOB' }) },
});
const EVENT: Entry = { at: 1, body: { step: 'order-paused' } };

async function setUp() {
  const database = await Database.open(new IDBFactory(), () => undefined);
  return <T>(body: (transaction: Transaction<'readwrite'>) => Promise<T>): Promise<T> =>
    database.run(['batches', 'open', 'units'], 'readwrite', body);
}

describe('the memory of the journal', () => {
  it('is copied, so that a failed try changes nothing', () => {
    const memory = new JournalMemory();
    memory.lastId = 4;
    const copy = memory.copy();
    copy.tails.set(0, { seq: 1, hash: hash(1) });
    copy.attempts.set(1, { chain: 0, entries: [] });
    expect([memory.tails.size, memory.attempts.size, copy.lastId]).toEqual([0, 0, 4]);
    expect([memory.open.size, memory.ordersSinceLoss, memory.deletions]).toEqual([0, undefined, 0]);
  });

  it('refuses the orders that were opened before a loss', () => {
    const memory = new JournalMemory();
    memory.openOrder(4);
    expect([memory.isChainLost(4), memory.isChainLost(STATION_CHAIN)]).toEqual([false, false]);
    memory.ordersSinceLoss = new Set();
    expect([memory.isChainLost(4), memory.isChainLost(STATION_CHAIN)]).toEqual([true, false]);
    expect(() => memory.requireChain(4)).toThrow(expect.objectContaining({ code: 'journal-lost' }));
    memory.openOrder(4);
    expect([memory.isChainLost(4), memory.isChainLost(5)]).toEqual([false, true]);
    memory.requireChain(4);
  });

  it('has the steps of an attempt after its first entry', () => {
    const entries = [beginOf(1), ...STEPS.map((body): Entry => ({ of: [1, 1], at: 1, body }))];
    expect(stepsOf({ chain: 0, entries })).toEqual(STEPS);
  });
});

describe('a loss', () => {
  it('is found by the beginnings of the chains, or by their ends', async () => {
    const run = await setUp();
    const memory = new JournalMemory();
    memory.tails.set(0, { seq: 1, hash: hash(1) });
    memory.tails.set(7, { seq: -1, hash: hash(0) });
    const lost = (isThorough: boolean, chains: readonly number[], deletions = 0) =>
      run((transaction) => memory.isLost(transaction, chains, deletions, isThorough));
    expect(await lost(false, [7, 9])).toBe(false);
    expect(await lost(false, [7], 1)).toBe(true);
    expect(await lost(false, [7, 0])).toBe(true);
    const add = (seq: number, batch: ReturnType<typeof batchOf>) =>
      run((transaction) => transaction.objectStore('batches').add(batch, [0, seq]));
    await add(0, batchOf([EVENT], hash(5)));
    expect([await lost(false, [0]), await lost(true, [0])]).toEqual([false, true]);
    await add(1, batchOf([EVENT], hash(1)));
    expect([await lost(false, [0]), await lost(true, [0])]).toEqual([false, false]);
  });

  it('is recorded with the ends of the chains, and the attempts of this page move to the new journal', async () => {
    const run = await setUp();
    const memory = new JournalMemory();
    memory.tails = new Map([
      [0, { seq: 5, hash: hash(1) }],
      [4, { seq: 2, hash: hash(2) }],
      [6, { seq: -1, hash: hash(0) }],
    ]);
    memory.attempts = new Map([
      [3, { chain: 4, entries: [beginOf(3, 4), { of: [3, 1], at: 2, body: STEPS[0] ?? EVENT.body }] }],
      [2, { chain: 0, entries: [beginOf(2)] }],
      [1, { chain: 0, entries: [beginOf(1)] }],
    ]);
    // Another page has already created the journal again, and has used the id 1.
    await run((transaction) => transaction.objectStore('batches').add(batchOf([beginOf(1)], hash(9)), [0, 0]));
    const commit = new Commit(new Set([1, 2, 3]));
    const written = await run(async (transaction) => {
      await memory.restartAfterLoss(transaction, commit, 77, 2);
      commit.write(transaction, 'page', memory.tails);
      return await transaction.objectStore('batches').get([0, 1]);
    });
    expect(written?.entries).toEqual([
      {
        at: 77,
        body: {
          step: 'journal-lost',
          ends: [
            [0, 5, hash(1)],
            [4, 2, hash(2)],
          ],
        },
      },
      beginOf(2),
      { ...beginOf(3, 4), body: { step: 'begin', ...ATTEMPT, workOrder: 'JOB' } },
      { of: [3, 1], at: 2, body: STEPS[0] },
    ]);
    expect([...commit.open]).toEqual([2, 3]);
    expect([...memory.attempts].map(([id, { chain }]) => [id, chain])).toEqual([
      [2, STATION_CHAIN],
      [3, STATION_CHAIN],
    ]);
    expect([memory.lastId, [...memory.tails.keys()], memory.tails.get(0)?.seq]).toEqual([3, [0], 4]);
    expect(memory.ordersSinceLoss).toEqual(new Set());
    expect(await run((transaction) => transaction.objectStore('open').getAll())).toEqual([
      { session: 'page', attempts: [2, 3] },
    ]);
  });

  it('leaves no id to be used twice', async () => {
    const run = await setUp();
    const idAfter = async (lastId: number): Promise<number | undefined> => {
      const memory = new JournalMemory();
      await run((transaction) => memory.restartAfterLoss(transaction, new Commit(new Set()), 1, lastId));
      return memory.lastId;
    };
    expect(await idAfter(0)).toBe(0);
    expect(await idAfter(8)).toBe(8);
    await run((transaction) => transaction.objectStore('batches').add(batchOf([beginOf(12)], hash(9)), [0, 0]));
    expect(await idAfter(8)).toBe(12);
  });
});
