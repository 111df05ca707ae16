// A journal of schema version 1 as an older page left it, opened by this one.
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it } from 'vitest';
import { Database } from '#web/store/database.ts';
import { Journal } from '#web/store/journal.ts';
import { WorkOrderStore } from '#web/store/work-orders.ts';
import { ATTEMPT, INTERRUPTION, STEPS, SUMMARY } from './records.ts';

const AT = '2026-01-02T03:04:05.678Z';
const now = (): Date => new Date('2026-02-02T00:00:00Z');

/** What version 1 wrote: attempts and steps in stores of their own, the export in the step before the import as well. */
async function writeVersion1(factory: IDBFactory): Promise<void> {
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = factory.open('keyferry', 1);
    request.onupgradeneeded = () => {
      const { result } = request;
      result.createObjectStore('attempts', { keyPath: 'id', autoIncrement: true });
      result.createObjectStore('steps', { keyPath: ['attempt', 'index'] });
      result.createObjectStore('open', { keyPath: 'attempt' });
      result.createObjectStore('trust', { keyPath: 'service' });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const transaction = db.transaction(['attempts', 'steps', 'open', 'trust'], 'readwrite');
  const [done, cut] = [STEPS, [...STEPS.slice(0, 4), INTERRUPTION]];
  for (const [index, steps] of [done, cut].entries()) {
    const attempt = index + 1;
    transaction.objectStore('attempts').add({ ...ATTEMPT, startedAt: AT, session: 'gone' });
    steps.forEach((step, number) => {
      const body = step.step === 'import' && step.state === 'intended' ? { ...step, export: SUMMARY } : step;
      transaction.objectStore('steps').add({ ...body, attempt, index: number, at: AT });
    });
  }
  transaction.objectStore('open').add({ attempt: 2, session: 'gone' });
  transaction.objectStore('trust').add({ service: 'https://as.example', root: 'root', pinnedAt: AT });
  await new Promise((resolve) => {
    transaction.oncomplete = resolve;
  });
  db.close();
}

describe('a journal of version 1', () => {
  it('is read by this version with every attempt and step as it was', async () => {
    const factory = new IDBFactory();
    await writeVersion1(factory);
    const database = await Database.open(factory, () => undefined);
    const journal = new Journal(database, 'new', now);
    const [second, first] = await journal.list(10);
    expect(first).toEqual({
      ...ATTEMPT,
      id: 1,
      startedAt: AT,
      outcome: 'done',
      steps: STEPS.map((step, index) => ({ ...step, attempt: 1, index, at: AT })),
    });
    expect(second?.steps.map(({ step, state }) => `${step} ${state}`)).toEqual([
      'challenge intended',
      'export intended',
      'export confirmed',
      'import intended',
      'interruption confirmed',
    ]);
    expect((await journal.unsettled()).map(({ id }) => id)).toEqual([2]);
  });

  it('is chained from its first entry on, and goes on from its last', async () => {
    const factory = new IDBFactory();
    await writeVersion1(factory);
    const database = await Database.open(factory, () => undefined);
    expect(await new Journal(database, 'new', now).begin(ATTEMPT, STEPS)).toBe(3);
    expect(await new WorkOrderStore(database, now).check(0)).toBeUndefined();
    const count = await database.run(['entries'], 'readonly', (transaction) =>
      transaction.objectStore('entries').count(),
    );
    expect(count).toBe(7 + 6 + 7);
  });

  it('keeps what it trusts', async () => {
    const factory = new IDBFactory();
    await writeVersion1(factory);
    const database = await Database.open(factory, () => undefined);
    const kept = await database.run(['trust'], 'readonly', (transaction) => transaction.objectStore('trust').getAll());
    expect(kept).toEqual([{ service: 'https://as.example', root: 'root', pinnedAt: AT }]);
  });
});
