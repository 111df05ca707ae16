// Opens journals of older schema versions. The tests write them as older versions of the page did.
import 'fake-indexeddb/auto';
import { createHash } from 'node:crypto';
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it } from 'vitest';
import { abort } from '#web/journal/connection.ts';
import { Database } from '#web/journal/database.ts';
import { Journal } from '#web/journal/journal.ts';
import { WorkOrderStore } from '#web/journal/work-orders.ts';
import { completed, openRaw } from './raw-database.ts';
import { ATTEMPT, INTERRUPTION, NOT_IMPORTED, STEPS, SUMMARY } from './records.ts';

const AT = '2026-01-02T03:04:05.678Z';
const now = (): Date => new Date('2026-02-02T00:00:00Z');

/**
 * Writes a journal of version 1, which has separate stores for attempts and steps. In this version,
 * the step before the import contains the data of the export again.
 */
async function writeVersion1(factory: IDBFactory): Promise<void> {
  const db = await openRaw(factory, 1, ({ result }) => {
    result.createObjectStore('attempts', { keyPath: 'id', autoIncrement: true });
    result.createObjectStore('steps', { keyPath: ['attempt', 'index'] });
    result.createObjectStore('open', { keyPath: 'attempt' });
    result.createObjectStore('trust', { keyPath: 'service' });
  });
  const transaction = db.transaction(['attempts', 'steps', 'open', 'trust'], 'readwrite');
  const [done, cut] = [STEPS, [...STEPS.slice(0, 4), INTERRUPTION]];
  for (const [index, steps] of [done, cut].entries()) {
    const attempt = index + 1;
    transaction.objectStore('attempts').add({ ...ATTEMPT, startedAt: AT, session: 'crashed' });
    steps.forEach((step, number) => {
      const body = step.step === 'import' && step.state === 'intended' ? { ...step, export: SUMMARY } : step;
      transaction.objectStore('steps').add({ ...body, attempt, index: number, at: AT });
    });
  }
  transaction.objectStore('open').add({ attempt: 2, session: 'crashed' });
  transaction.objectStore('trust').add({ service: 'https://as.example', root: 'root', pinnedAt: AT });
  await completed(transaction);
  db.close();
}

describe('a journal of version 1', () => {
  it('keeps every attempt and step', async () => {
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
    const open = await database.run(['open'], 'readonly', (transaction) => transaction.objectStore('open').getAll());
    expect(open).toEqual([{ session: 'crashed', attempts: [2] }]);
  });

  it('is chained from its first entry and can be continued', async () => {
    const factory = new IDBFactory();
    await writeVersion1(factory);
    const database = await Database.open(factory, () => undefined);
    expect(await new Journal(database, 'new', now).begin(ATTEMPT, STEPS)).toBe(3);
    expect(await new WorkOrderStore(database, now).check(0)).toBeUndefined();
    const batches = await database.run(['batches'], 'readonly', (transaction) =>
      transaction.objectStore('batches').getAll(),
    );
    expect(batches.flatMap(({ entries }) => entries)).toHaveLength(7 + 6 + 7);
  });

  it('keeps the pinned root key', async () => {
    const factory = new IDBFactory();
    await writeVersion1(factory);
    const database = await Database.open(factory, () => undefined);
    const records = await database.run(['trust'], 'readonly', (transaction) =>
      transaction.objectStore('trust').getAll(),
    );
    expect(records).toEqual([{ service: 'https://as.example', root: 'root', pinnedAt: AT }]);
  });
});

const ORDER = 3;

/**
 * Writes a journal of version 2, which has one record with a hash per entry, and one record per
 * open attempt.
 */
async function writeVersion2(factory: IDBFactory, attempts: number): Promise<readonly { readonly hash: Uint8Array }[]> {
  const db = await openRaw(factory, 2, ({ result }) => {
    result.createObjectStore('open', { keyPath: 'attempt' });
    result.createObjectStore('trust', { keyPath: 'service' });
    result.createObjectStore('entries').createIndex('attempt', 'of', { unique: true });
    const orders = result.createObjectStore('orders', { keyPath: 'order', autoIncrement: true });
    orders.createIndex('name', 'name', { unique: true });
    result.createObjectStore('units', { keyPath: ['order', 'sn'] }).createIndex('state', ['order', 'state']);
  });
  const transaction = db.transaction(['entries', 'open', 'units'], 'readwrite');
  const written: { readonly hash: Uint8Array }[] = [];
  let previous: Uint8Array = new Uint8Array(32);
  const add = (of: [number, number] | undefined, body: object): void => {
    const seq = written.length;
    const text = JSON.stringify([ORDER, seq, of ?? null, Date.parse(AT), body, null], (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('base64url') : value,
    );
    previous = Uint8Array.from(createHash('sha256').update(previous).update(text).digest());
    const entry = { hash: previous, ...(of ? { of } : {}), at: Date.parse(AT), body };
    written.push(entry);
    transaction.objectStore('entries').add(entry, [ORDER, seq]);
  };
  add(undefined, { step: 'order-opened', operator: 'Ada' });
  for (let id = 1; id <= attempts; id++) {
    add([id, 0], { step: 'begin', ...ATTEMPT, order: ORDER });
    const steps = id === attempts ? [...STEPS.slice(0, 4), INTERRUPTION] : STEPS.slice(0, 5);
    for (const [index, step] of steps.entries()) add([id, index + 1], step);
    if (id < attempts) add([id, 6], { step: 'verify', state: 'confirmed', time: AT });
    transaction.objectStore('units').add({ order: ORDER, sn: `unit ${id}`, state: 'done', at: AT });
  }
  transaction.objectStore('open').add({ attempt: attempts, session: 'crashed' });
  await completed(transaction);
  db.close();
  return written;
}

describe('a journal of version 2', () => {
  it('keeps every attempt and step, including the open attempt', async () => {
    const factory = new IDBFactory();
    await writeVersion2(factory, 2);
    const database = await Database.open(factory, () => undefined);
    const journal = new Journal(database, 'new', now);
    const [second, first] = await journal.list(10);
    expect(first).toMatchObject({ ...ATTEMPT, id: 1, startedAt: AT, outcome: 'done' });
    expect(first?.steps.slice(0, 5)).toEqual(
      STEPS.slice(0, 5).map((step, index) => ({ ...step, attempt: 1, index, at: AT })),
    );
    expect(second).toMatchObject({ id: 2, outcome: 'unknown' });
    expect((await journal.unsettled()).map(({ id }) => id)).toEqual([2]);
    await journal.recover(new Set(['new']));
    expect((await journal.unsettled()).map(({ id }) => id)).toEqual([2]);
    await journal.append(2, NOT_IMPORTED);
    expect(await journal.unsettled()).toEqual([]);
    expect(await new WorkOrderStore(database, now).counts(ORDER)).toMatchObject({ done: 2 });
  });

  it('keeps the chain of more entries than one page, and can be continued', async () => {
    const factory = new IDBFactory();
    const written = await writeVersion2(factory, 400); // 2,800 entries
    const database = await Database.open(factory, () => undefined);
    const orders = new WorkOrderStore(database, now);
    expect(await orders.check(ORDER)).toBeUndefined();
    const batches = await database.run(['batches'], 'readonly', (transaction) =>
      transaction.objectStore('batches').getAll(),
    );
    expect(batches.flatMap(({ entries }) => entries)).toHaveLength(written.length);
    expect(batches.at(-1)?.hash).toEqual(written.at(-1)?.hash);
    expect(await new Journal(database, 'new', now).begin({ ...ATTEMPT, order: ORDER }, STEPS)).toBe(401);
    expect(await orders.check(ORDER)).toBeUndefined();
  });

  it.each([
    ['changed', (store: IDBObjectStore) => store.put({ hash: new Uint8Array(32), at: 0, body: {} }, [ORDER, 40])],
    ['dropped', (store: IDBObjectStore) => store.delete([ORDER, 40])],
  ])('still shows the break at an entry that was %s', async (_, edit) => {
    const factory = new IDBFactory();
    await writeVersion2(factory, 20);
    const raw = await openRaw(factory, 2);
    const transaction = raw.transaction('entries', 'readwrite');
    edit(transaction.objectStore('entries'));
    await completed(transaction);
    raw.close();
    const database = await Database.open(factory, () => undefined);
    expect(await new WorkOrderStore(database, now).check(ORDER)).toBeDefined();
  });
});

describe('the schema of the newest version', () => {
  it('is the same for a new database and for one of version 1', async () => {
    const fresh = new IDBFactory();
    await (await Database.open(fresh, () => undefined)).close();
    const migrated = new IDBFactory();
    await writeVersion1(migrated);
    await (await Database.open(migrated, () => undefined)).close();
    for (const factory of [fresh, migrated]) {
      const raw = await openRaw(factory, 5);
      const names = [...raw.objectStoreNames];
      const transaction = raw.transaction(names, 'readonly');
      const stores = names.map((name) => {
        const { keyPath, autoIncrement, indexNames } = transaction.objectStore(name);
        const indexes = [...indexNames].map((index) => {
          const { keyPath: path, unique, multiEntry } = transaction.objectStore(name).index(index);
          return { index, path, unique, multiEntry };
        });
        return { name, keyPath, autoIncrement, indexes };
      });
      expect(stores).toEqual([
        { name: 'ballast', keyPath: null, autoIncrement: false, indexes: [] },
        {
          name: 'batches',
          keyPath: null,
          autoIncrement: false,
          indexes: [{ index: 'attempt', path: 'firsts', unique: true, multiEntry: true }],
        },
        { name: 'open', keyPath: 'session', autoIncrement: false, indexes: [] },
        {
          name: 'orders',
          keyPath: 'order',
          autoIncrement: true,
          indexes: [{ index: 'name', path: 'name', unique: true, multiEntry: false }],
        },
        { name: 'traces', keyPath: null, autoIncrement: false, indexes: [] },
        { name: 'trust', keyPath: 'service', autoIncrement: false, indexes: [] },
        {
          name: 'units',
          keyPath: ['order', 'sn'],
          autoIncrement: false,
          indexes: [{ index: 'state', path: ['order', 'state'], unique: false, multiEntry: false }],
        },
      ]);
      raw.close();
    }
  });
});

describe('a migrated record', () => {
  it('has at most 32 entries, also across the pages in which the migration reads', async () => {
    const factory = new IDBFactory();
    const written = await writeVersion2(factory, 300); // 2,101 entries, in pages of 2,000
    const database = await Database.open(factory, () => undefined);
    const { keys, batches } = await database.run(['batches'], 'readonly', async (transaction) => {
      const store = transaction.objectStore('batches');
      return { keys: await store.getAllKeys(), batches: await store.getAll() };
    });
    const sizes = batches.map(({ entries }) => entries.length);
    expect([sizes.slice(0, 62), sizes[62], sizes.slice(63)]).toEqual([
      Array(62).fill(32),
      2000 % 32,
      [32, 32, 32, written.length - 2000 - 96],
    ]);
    expect(keys.map(([, seq]) => seq)).toEqual(
      sizes.map((_, index) => sizes.slice(0, index).reduce((sum, size) => sum + size, 0)),
    );
    for (const [index, { hash, entries }] of batches.entries()) {
      expect(hash).toEqual(written[(keys[index]?.[1] ?? 0) + entries.length - 1]?.hash);
      for (const entry of entries) expect(entry).not.toHaveProperty('hash');
    }
  });

  it('does not contain entries of two chains, or entries with a gap between them', async () => {
    const factory = new IDBFactory();
    await writeVersion2(factory, 2);
    const raw = await openRaw(factory, 2);
    const transaction = raw.transaction('entries', 'readwrite');
    const store = transaction.objectStore('entries');
    store.delete([ORDER, 5]);
    store.add({ hash: new Uint8Array(32), at: 0, body: { step: 'order-paused' } }, [ORDER - 1, 0]);
    store.add({ hash: new Uint8Array(32), at: 0, body: { step: 'order-paused' } }, [ORDER + 1, 15]);
    await completed(transaction);
    raw.close();
    const database = await Database.open(factory, () => undefined);
    const keys = await database.run(['batches'], 'readonly', (records) => records.objectStore('batches').getAllKeys());
    expect(keys).toEqual([
      [ORDER - 1, 0],
      [ORDER, 0],
      [ORDER, 6],
      [ORDER + 1, 15],
    ]);
  });
});

/** Returns a factory that passes each upgrade transaction to `disturb` before the page uses it. */
function whenUpgrading(factory: IDBFactory, disturb: (transaction: IDBTransaction) => void) {
  return {
    open: (name: string, version: number) => {
      const request = factory.open(name, version);
      request.addEventListener('upgradeneeded', () => request.transaction && disturb(request.transaction));
      return request;
    },
  };
}

describe('a migration that fails', () => {
  it('is rolled back, and the page reports it', async () => {
    const factory = new IDBFactory();
    await writeVersion1(factory);
    const failing = Database.open(
      whenUpgrading(factory, (transaction) => queueMicrotask(() => abort(transaction))),
      () => undefined,
    );
    await expect(failing).rejects.toMatchObject({ code: 'journal-failed' });
    const database = await Database.open(factory, () => undefined);
    expect(await new Journal(database, 'new', now).list(10)).toHaveLength(2);
  });

  it('is rolled back also if the browser does not abort its transaction', async () => {
    const factory = new IDBFactory();
    await writeVersion1(factory);
    const objectStore = (): never => {
      throw new DOMException('The database was damaged.', 'UnknownError');
    };
    const failing = Database.open(
      whenUpgrading(factory, (transaction) => void Object.assign(transaction, { objectStore })),
      () => undefined,
    );
    await expect(failing).rejects.toMatchObject({ code: 'journal-failed' });
    const raw = await openRaw(factory, 1);
    expect([...raw.objectStoreNames]).toEqual(['attempts', 'open', 'steps', 'trust']);
    raw.close();
  });
});
