import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { DATABASE_NAME, Database } from '#web/journal/database.ts';
import { Journal } from '#web/journal/journal.ts';
import { StationTrustStore } from '#web/trust-store/trust-store.ts';
import { openRaw } from './raw-database.ts';
import { ATTEMPT } from './records.ts';

const now = (): Date => new Date('2026-01-02T03:04:05Z');
const ignore = (): void => undefined;
const CLOSED = { code: 'journal-failed', message: 'AbortError: the browser closed the database' };

afterEach(() => vi.useRealTimers());

describe('the database', () => {
  it('keeps the journal for the next page', async () => {
    const factory = new IDBFactory();
    const first = await Database.open(factory, ignore);
    const id = await new Journal(first, 'a', now).begin(ATTEMPT);
    await first.close();
    const second = await Database.open(factory, ignore);
    expect(await new Journal(second, 'b', now).get(id)).toMatchObject({ sn: ATTEMPT.sn });
  });

  it('closes when a newer version of the page opens it, and reports this', async () => {
    const factory = new IDBFactory();
    let superseded = 0;
    const database = await Database.open(factory, () => superseded++);
    (await openRaw(factory, 99)).close();
    expect(superseded).toBe(1);
    const journal = new Journal(database, 'a', now);
    await expect(journal.begin(ATTEMPT)).rejects.toMatchObject({
      code: 'journal-elsewhere',
      message: expect.stringContaining('newer version'),
    });
  });

  it('does not wait for a tab that keeps an older version open', async () => {
    const blocking = { open: () => blockedRequest() } as unknown as IDBFactory;
    await expect(Database.open(blocking, ignore)).rejects.toMatchObject({ code: 'journal-elsewhere' });
  });

  it('rejects with journal-elsewhere after a newer version of the page has opened it', async () => {
    const factory = new IDBFactory();
    (await openRaw(factory, 99)).close();
    await expect(Database.open(factory, ignore)).rejects.toMatchObject({ code: 'journal-elsewhere' });
  });

  it('opens again after the browser has closed it', async () => {
    const raw: IDBDatabase[] = [];
    const { database } = await openCollecting(raw);
    const journal = new Journal(database, 'a', now);
    await journal.begin(ATTEMPT);
    raw[0]?.close();
    raw[0]?.onclose?.(new Event('close'));
    expect(await journal.list(10)).toHaveLength(1);
    expect(raw).toHaveLength(2);
  });

  it('ends the pending work when the browser closes the database', async () => {
    const { database, pending, raw } = await openPending();
    raw.close();
    raw.onclose?.(new Event('close'));
    await expect(pending).rejects.toMatchObject(CLOSED);
    expect(await database.run(['trust'], 'readonly', async () => 'open again')).toBe('open again');
  });

  it('ends the pending work when the next use finds the database closed without an event', async () => {
    const { database, pending, raw } = await openPending();
    const failed = expect(pending).rejects.toMatchObject(CLOSED);
    raw.close();
    expect(await database.run(['trust'], 'readonly', async () => 'open again')).toBe('open again');
    await failed;
  });

  it('ends the pending work after a close without an event, also if nothing else uses the database', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const { database, pending, raw } = await openPending();
    let closings = 0;
    database.onClosed(() => closings++);
    vi.advanceTimersByTime(60_000); // an open database is not disturbed
    expect(closings).toBe(0);
    const failed = expect(pending).rejects.toMatchObject(CLOSED);
    raw.close();
    vi.advanceTimersByTime(60_000);
    await failed;
    expect(closings).toBe(1);
    expect(await database.run(['trust'], 'readonly', async () => 'open again')).toBe('open again');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps the next database if the close event follows after it is open', async () => {
    const raw: IDBDatabase[] = [];
    const { database } = await openCollecting(raw);
    raw[0]?.close();
    await database.run(['trust'], 'readonly', async () => undefined);
    raw[0]?.onclose?.(new Event('close'));
    await database.run(['trust'], 'readonly', async () => undefined);
    expect(raw).toHaveLength(2);
  });

  it('does not end the pending work when another tab deletes the database', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const factory = new IDBFactory();
    const database = await Database.open(factory, ignore);
    const pending = database.run(['trust'], 'readwrite', async (transaction) => {
      factory.deleteDatabase(DATABASE_NAME);
      for (let i = 0; i < 50; i++) await transaction.objectStore('trust').count();
      vi.advanceTimersByTime(60_000);
      return 'ended';
    });
    expect(await pending).toBe('ended');
  });

  it('fails only while the browser denies storage', async () => {
    const factory = new IDBFactory();
    let isDenied = false;
    const denying = {
      open: (name: string, version: number) => {
        if (isDenied) throw new DOMException('The user denied permission.', 'SecurityError');
        return factory.open(name, version);
      },
    } as unknown as IDBFactory;
    const database = await Database.open(denying, ignore);
    const journal = new Journal(database, 'a', now);
    await database.close();
    isDenied = true;
    await expect(journal.begin(ATTEMPT)).rejects.toMatchObject({ code: 'journal-failed' });
    isDenied = false;
    expect(await journal.begin(ATTEMPT)).toBe(1);
  });

  it('rolls back a transaction when its body fails', async () => {
    const database = await Database.open(new IDBFactory(), ignore);
    const trust = new StationTrustStore(database, 'https://as.example', now);
    await trust.pin('root');
    const failing = database.run(['trust'], 'readwrite', async (transaction) => {
      await transaction.objectStore('trust').delete('https://as.example');
      throw new RangeError('a bug');
    });
    await expect(failing).rejects.toThrow(RangeError);
    expect((await trust.read())?.root).toBe('root');
  });

  it.each([
    ['QuotaExceededError', 'journal-full'],
    ['UnknownError', 'journal-failed'],
    ['InvalidStateError', 'journal-failed'],
  ])('translates the exception %s to the code %s', async (name, code) => {
    const database = await Database.open(new IDBFactory(), ignore);
    const failing = database.run(['trust'], 'readwrite', () => Promise.reject(new DOMException('scripted', name)));
    await expect(failing).rejects.toMatchObject({ code });
  });
});

/** Opens a database and collects its connections in `connections`. */
async function openCollecting(connections: IDBDatabase[]): Promise<{ database: Database }> {
  const factory = new IDBFactory();
  const open = (name: string, version: number): IDBOpenDBRequest => {
    const request = factory.open(name, version);
    request.addEventListener('success', () => connections.push(request.result));
    return request;
  };
  return { database: await Database.open({ open } as unknown as IDBFactory, ignore) };
}

/** Opens a database, and begins a transaction whose end the browser never reports. */
async function openPending() {
  const connections: IDBDatabase[] = [];
  const { database } = await openCollecting(connections);
  let hasBegun = false;
  const pending = database.run(['trust'], 'readwrite', () => {
    hasBegun = true;
    return new Promise<never>(() => undefined);
  });
  await expect.poll(() => hasBegun).toBe(true);
  const [raw] = connections;
  if (!raw) throw new TypeError('no connection');
  return { database, pending, raw };
}

/** Fakes the request of indexedDB.open() while another tab blocks the database permanently. */
function blockedRequest(): object {
  const request: { onblocked?: () => void } = {};
  setImmediate(() => request.onblocked?.());
  return request;
}
