import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it } from 'vitest';
import type { StoredEntry } from '#web/store/chain.ts';
import { Database } from '#web/store/database.ts';
import { Journal } from '#web/store/journal.ts';
import { WorkOrderStore } from '#web/store/work-orders.ts';
import { ATTEMPT, STEPS } from './records.ts';

const now = (): Date => new Date('2026-01-02T03:04:05.678Z');
const ORDER = 7;

async function station(): Promise<{ database: Database; journal: Journal; orders: WorkOrderStore }> {
  const database = await Database.open(new IDBFactory(), () => undefined);
  return { database, journal: new Journal(database, 'page', now), orders: new WorkOrderStore(database, now) };
}

async function change(
  database: Database,
  seq: number,
  how: (entry: StoredEntry) => StoredEntry | undefined,
): Promise<void> {
  await database.run(['entries'], 'readwrite', async (transaction) => {
    const store = transaction.objectStore('entries');
    const entry = await store.get([ORDER, seq]);
    const changed = entry && how(entry);
    await store.delete([ORDER, seq]);
    if (changed) await store.add(changed, [ORDER, seq]);
  });
}

describe('the chain of a work order', () => {
  it('holds over the attempts of several lanes and the events between them', async () => {
    const { journal, orders } = await station();
    await journal.note(ORDER, { step: 'order-opened', operator: 'Ada' });
    const ids = await Promise.all([1, 2, 3].map(() => journal.begin({ ...ATTEMPT, order: ORDER })));
    for (const step of STEPS) await Promise.all(ids.map((id) => journal.append(id, step)));
    await journal.note(ORDER, { step: 'order-closed' });
    expect(await orders.check(ORDER)).toBeUndefined();
    expect(await orders.check(0)).toBeUndefined();
  });

  it.each([0, 3, 8])('shows the entry that was changed, number %i', async (seq) => {
    const { database, journal, orders } = await station();
    for (let i = 0; i < 2; i++) await journal.begin({ ...ATTEMPT, order: ORDER }, STEPS);
    await change(database, seq, (entry) => ({ ...entry, at: entry.at + 1 }));
    expect(await orders.check(ORDER)).toEqual({ seq, why: 'changed' });
  });

  it('shows the entry that was dropped', async () => {
    const { database, journal, orders } = await station();
    await journal.begin({ ...ATTEMPT, order: ORDER }, STEPS);
    await change(database, 4, () => undefined);
    expect(await orders.check(ORDER)).toEqual({ seq: 4, why: 'missing' });
  });

  it('shows an entry that was put in the place of another', async () => {
    const { database, journal, orders } = await station();
    await journal.begin({ ...ATTEMPT, order: ORDER }, STEPS);
    let second: StoredEntry | undefined;
    await change(database, 2, (entry) => {
      second = entry;
      return undefined;
    });
    await change(database, 1, () => second && { ...second, of: [1, 99] });
    expect(await orders.check(ORDER)).toMatchObject({ seq: 1 });
  });
});

describe('group commit', () => {
  it('puts what several lanes want to write in the same moment into one transaction', async () => {
    const { database, journal } = await station();
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
    for (const id of ids) expect((await journal.get(id))?.outcome).toBe('done');
  });

  it('resolves nobody before it is on disk, and refuses all of them where the disk does', async () => {
    const { database, journal } = await station();
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

  it('goes on where another page of this station has written in the meantime', async () => {
    const { database, journal, orders } = await station();
    const other = new Journal(database, 'other', now);
    const mine = await journal.begin({ ...ATTEMPT, order: ORDER });
    const its = await other.begin({ ...ATTEMPT, order: ORDER });
    for (const step of STEPS) {
      await journal.append(mine, step);
      await other.append(its, step);
    }
    expect([mine, its]).toEqual([1, 2]);
    expect(await orders.check(ORDER)).toBeUndefined();
  });
});
