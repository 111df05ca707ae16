import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it } from 'vitest';
import type { Batch } from '#web/journal/chain.ts';
import { Database } from '#web/journal/database.ts';
import { Journal } from '#web/journal/journal.ts';
import { WorkOrderStore } from '#web/journal/work-orders.ts';
import { ATTEMPT, STEPS } from './records.ts';

const now = (): Date => new Date('2026-01-02T03:04:05.678Z');
const ORDER = 7;

async function setUp(): Promise<{ database: Database; journal: Journal; orders: WorkOrderStore }> {
  const database = await Database.open(new IDBFactory(), () => undefined);
  return { database, journal: new Journal(database, 'page', now), orders: new WorkOrderStore(database, now) };
}

/** Replaces the batch that begins with entry `seq`, or deletes the batch. */
async function change(database: Database, seq: number, edit: (batch: Batch) => Batch | undefined): Promise<void> {
  await database.run(['batches'], 'readwrite', async (transaction) => {
    const store = transaction.objectStore('batches');
    const batch = await store.get([ORDER, seq]);
    if (!batch) throw new TypeError(`no batch begins with ${seq}`);
    const changed = edit(batch);
    await store.delete([ORDER, seq]);
    if (changed) await store.add(changed, [ORDER, seq]);
  });
}

/** Writes an attempt with one batch per entry. */
async function writeSingly(journal: Journal): Promise<number> {
  const id = await journal.begin({ ...ATTEMPT, order: ORDER });
  for (const step of STEPS) await journal.append(id, step);
  return id;
}

describe('the chain of a work order', () => {
  it('is valid across attempts of several lanes and events between them', async () => {
    const { journal, orders } = await setUp();
    await journal.note(ORDER, { step: 'order-opened', operator: 'Ada' });
    const ids = await Promise.all([1, 2, 3].map(() => journal.begin({ ...ATTEMPT, order: ORDER })));
    for (const step of STEPS) await Promise.all(ids.map((id) => journal.append(id, step)));
    await journal.note(ORDER, { step: 'order-closed' });
    expect(await orders.check(ORDER)).toBeUndefined();
    expect(await orders.check(0)).toBeUndefined();
  });

  it.each([0, 3, 8])('breaks at entry %i when this entry is changed', async (seq) => {
    const { database, journal, orders } = await setUp();
    for (let i = 0; i < 2; i++) await writeSingly(journal);
    await change(database, seq, (batch) => ({
      ...batch,
      entries: batch.entries.map((entry) => ({ ...entry, at: entry.at + 1 })),
    }));
    expect(await orders.check(ORDER)).toEqual({ seq, reason: 'changed' });
  });

  it.each([
    [
      'changed',
      (entries: Batch['entries']) => entries.map((entry, index) => (index === 2 ? { ...entry, at: 0 } : entry)),
    ],
    ['dropped', (entries: Batch['entries']) => entries.filter((_, index) => index !== 2)],
    ['dropped at its end', (entries: Batch['entries']) => entries.slice(0, -1)],
    ['moved', ([first, ...rest]: Batch['entries']) => [...rest, ...(first ? [first] : [])]],
    ['added', (entries: Batch['entries']) => [...entries, ...entries.slice(-1)]],
  ])('breaks at a batch in which an entry was %s', async (_, edit) => {
    const { database, journal, orders } = await setUp();
    for (let i = 0; i < 3; i++) await journal.begin({ ...ATTEMPT, order: ORDER }, STEPS);
    await change(database, 7, (batch) => ({ ...batch, entries: edit(batch.entries) }));
    expect(await orders.check(ORDER)).toEqual({ seq: 7, reason: 'changed' });
  });

  it.each<[string, Partial<Batch['entries'][number]>]>([
    ['attempt', { of: [1, 9] }],
    ['time', { at: 0 }],
    ['content', { body: { step: 'order-paused' } }],
    ['signed parts', { signed: { verdict: '{"forged":1}' } }],
    ['missing signed parts', { signed: {} }],
  ])('covers the %s of an entry', async (_, forged) => {
    const { database, journal, orders } = await setUp();
    const id = await journal.begin({ ...ATTEMPT, order: ORDER }, STEPS.slice(0, 5));
    await journal.append(id, STEPS.slice(5), { auditHead: '{"head":1}' });
    expect(await orders.check(ORDER)).toBeUndefined();
    await change(database, 6, (batch) => ({
      ...batch,
      entries: batch.entries.map((entry) => ({ ...entry, ...forged })),
    }));
    expect(await orders.check(ORDER)).toEqual({ seq: 6, reason: 'changed' });
  });

  it('breaks at a dropped batch', async () => {
    const { database, journal, orders } = await setUp();
    await writeSingly(journal);
    await change(database, 4, () => undefined);
    expect(await orders.check(ORDER)).toEqual({ seq: 4, reason: 'missing' });
  });

  it('breaks at a batch that replaces another', async () => {
    const { database, journal, orders } = await setUp();
    await writeSingly(journal);
    let second: Batch | undefined;
    await change(database, 2, (batch) => {
      second = batch;
      return undefined;
    });
    await change(database, 1, () => second && { ...second, firsts: [[1, 99]] });
    expect(await orders.check(ORDER)).toEqual({ seq: 1, reason: 'changed' });
  });

  it('is verified page by page', async () => {
    const { journal, orders, database } = await setUp();
    for (let i = 0; i < 60; i++) await writeSingly(journal);
    expect(await orders.check(ORDER)).toBeUndefined();
    await change(database, 400, () => undefined);
    expect(await orders.check(ORDER)).toEqual({ seq: 400, reason: 'missing' });
  });
});

describe('group commit', () => {
  it('commits the simultaneous writes of several lanes in one transaction', async () => {
    const { database, journal } = await setUp();
    let transactions = 0;
    const run = database.run.bind(database);
    database.run = (...args) => {
      transactions++;
      return run(...args);
    };
    const ids = await Promise.all(Array.from({ length: 8 }, () => journal.begin(ATTEMPT)));
    expect(ids).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(transactions).toBe(1);
    for (const step of STEPS) await Promise.all(ids.map((id) => journal.append(id, step)));
    expect(transactions).toBe(1 + STEPS.length);
    const records = await database.run(['batches'], 'readonly', (transaction) =>
      transaction.objectStore('batches').count(),
    );
    expect(records).toBe(1 + STEPS.length); // each commit writes one record
    for (const id of ids) expect((await journal.get(id))?.outcome).toBe('done');
  });

  it('rejects every write of a failed transaction', async () => {
    const { database, journal } = await setUp();
    const id = await journal.begin(ATTEMPT);
    const run = database.run.bind(database);
    database.run = () => Promise.reject(new DOMException('full', 'QuotaExceededError'));
    const writes = [journal.append(id, STEPS), journal.begin(ATTEMPT), journal.note(ORDER, { step: 'order-paused' })];
    for (const write of writes) await expect(write).rejects.toThrow('full');
    database.run = run;
    await journal.append(id, STEPS);
    expect((await journal.get(id))?.outcome).toBe('done');
    expect(await journal.list(9)).toHaveLength(1);
  });

  it('continues after another page has written to the chain', async () => {
    const { database, journal, orders } = await setUp();
    const other = new Journal(database, 'other', now);
    const mine = await journal.begin({ ...ATTEMPT, order: ORDER });
    const theirs = await other.begin({ ...ATTEMPT, order: ORDER });
    for (const step of STEPS) {
      await journal.append(mine, step);
      await other.append(theirs, step);
    }
    expect([mine, theirs]).toEqual([1, 2]);
    expect(await orders.check(ORDER)).toBeUndefined();
  });
});
