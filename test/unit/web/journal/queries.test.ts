// Reads attempts and the ends of chains from a real database with gaps, several chains and records
// of several entries.
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it } from 'vitest';
import { type Batch, batchOf, EMPTY_CHAIN, type Entry, type EntryKey } from '#web/journal/chain.ts';
import { Database, type Transaction } from '#web/journal/database.ts';
import {
  assemble,
  attemptsBelow,
  entriesOf,
  hasBeginning,
  hasTail,
  lastAttempt,
  readAttempt,
  tailOf,
} from '#web/journal/queries.ts';
import { ATTEMPT, STEPS } from './records.ts';

const AT = Date.parse('2026-01-02T03:04:05.678Z');
const hash = (fill: number) => new Uint8Array(32).fill(fill);

const beginOf = (attempt: number): Entry => ({ of: [attempt, 0], at: AT, body: { step: 'begin', ...ATTEMPT } });
const stepOf = (attempt: number, index: number): Entry => {
  const body = STEPS[index - 1];
  if (!body) throw new TypeError(`there is no step ${index}`);
  return { of: [attempt, index], at: AT + index, body };
};
const EVENT: Entry = { at: AT, body: { step: 'order-paused' } };

/** Opens a database with these batches, and returns a function that reads from it. */
async function setUp(...batches: readonly (readonly [key: EntryKey, batch: Batch])[]) {
  const database = await Database.open(new IDBFactory(), () => undefined);
  await database.run(['batches'], 'readwrite', async (transaction) => {
    for (const [key, batch] of batches) await transaction.objectStore('batches').add(batch, [...key]);
  });
  return <T>(query: (transaction: Transaction<'readonly'>) => Promise<T>): Promise<T> =>
    database.run(['batches'], 'readonly', query);
}

describe('the attempts', () => {
  /** Attempts 1, 2, 5 and 9, in this sequence; a loss of the journal has left the gaps. */
  const withGaps = () =>
    setUp(...[1, 2, 5, 9].map((id, seq): [EntryKey, Batch] => [[0, seq], batchOf([beginOf(id)], hash(seq))]));

  it('are found below an id, newest first, also across gaps', async () => {
    const read = await withGaps();
    const ids = async (before: number, limit: number) =>
      (await read((transaction) => attemptsBelow(transaction, before, limit))).map(({ id }) => id);
    expect(await ids(Number.POSITIVE_INFINITY, 9)).toEqual([9, 5, 2, 1]);
    expect(await ids(Number.POSITIVE_INFINITY, 4)).toEqual([9, 5, 2, 1]);
    expect(await ids(Number.POSITIVE_INFINITY, 3)).toEqual([9, 5, 2]);
    expect(await ids(Number.POSITIVE_INFINITY, 1)).toEqual([9]);
    expect(await ids(9, 9)).toEqual([5, 2, 1]);
    expect(await ids(5, 1)).toEqual([2]);
    expect(await ids(1, 9)).toEqual([]);
    expect(await ids(9, 0)).toEqual([]);
  });

  it('have a highest id, below another id or of all', async () => {
    const read = await withGaps();
    expect(await read((transaction) => lastAttempt(transaction))).toBe(9);
    expect(await read((transaction) => lastAttempt(transaction, 9))).toBe(5);
    expect(await read((transaction) => lastAttempt(transaction, 1))).toBe(0);
    expect(await (await setUp())((transaction) => lastAttempt(transaction))).toBe(0);
  });

  it('are read from records that they share with others, in their sequence', async () => {
    const read = await setUp(
      [[0, 0], batchOf([beginOf(1), EVENT, beginOf(2), stepOf(1, 1)], hash(1))],
      [[0, 4], batchOf([stepOf(2, 1), stepOf(1, 2), stepOf(1, 3)], hash(2))],
    );
    const entries = await read((transaction) => entriesOf(transaction, 1));
    expect(entries.map(({ of }) => of?.[1])).toEqual([0, 1, 2, 3]);
    expect(await read((transaction) => entriesOf(transaction, 3))).toEqual([]);
    const attempt = await read((transaction) => readAttempt(transaction, 1));
    expect(attempt).toMatchObject({ ...ATTEMPT, id: 1, startedAt: '2026-01-02T03:04:05.678Z', outcome: 'running' });
    expect(attempt).not.toHaveProperty('step');
    expect(attempt?.steps.map(({ attempt: of, index, at, step }) => [of, index, at, step])).toEqual([
      [1, 0, '2026-01-02T03:04:05.679Z', 'challenge'],
      [1, 1, '2026-01-02T03:04:05.680Z', 'export'],
      [1, 2, '2026-01-02T03:04:05.681Z', 'export'],
    ]);
    expect(await read((transaction) => readAttempt(transaction, 3))).toBeUndefined();
  });

  it('are no attempts without their first entry', () => {
    expect(assemble([])).toBeUndefined();
    expect(assemble([stepOf(1, 1)])).toBeUndefined();
    expect(assemble([EVENT])).toBeUndefined();
    expect(assemble([beginOf(4)])).toMatchObject({ id: 4, steps: [], outcome: 'running' });
  });
});

describe('a chain', () => {
  const twoChains = () =>
    setUp(
      [[0, 0], batchOf([beginOf(1), stepOf(1, 1)], hash(1))],
      [[0, 2], batchOf([stepOf(1, 2)], hash(2))],
      [[7, 0], batchOf([EVENT, EVENT, EVENT], hash(3))],
      [[8, 4], batchOf([EVENT], hash(4))],
    );

  it('ends with its last entry, and is empty without one', async () => {
    const read = await twoChains();
    expect(await read((transaction) => tailOf(transaction, 0))).toEqual({ seq: 2, hash: hash(2) });
    expect(await read((transaction) => tailOf(transaction, 7))).toEqual({ seq: 2, hash: hash(3) });
    expect(await read((transaction) => tailOf(transaction, 3))).toBe(EMPTY_CHAIN);
  });

  it('has its beginning if its first entry is there', async () => {
    const read = await twoChains();
    const found = [0, 7, 8, 3].map((chain) => read((transaction) => hasBeginning(transaction, chain)));
    expect(await Promise.all(found)).toEqual([true, true, false, false]);
  });

  it('has a tail if a record ends with this number and this hash', async () => {
    const read = await twoChains();
    const has = (chain: number, seq: number, fill: number) =>
      read((transaction) => hasTail(transaction, chain, { seq, hash: hash(fill) }));
    expect(await has(0, 1, 1)).toBe(true);
    expect(await has(0, 2, 2)).toBe(true);
    expect(await has(0, 2, 1)).toBe(false);
    expect(await has(0, 0, 1)).toBe(false);
    expect(await has(0, 3, 2)).toBe(false);
    expect(await has(7, 2, 3)).toBe(true);
    expect(await has(3, 0, 1)).toBe(false);
  });
});
