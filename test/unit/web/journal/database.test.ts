import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it } from 'vitest';
import { Database } from '#web/journal/database.ts';
import { Journal } from '#web/journal/journal.ts';
import { StoredTrust } from '#web/trust-store/trust-store.ts';
import { ATTEMPT } from './records.ts';

const now = (): Date => new Date('2026-01-02T03:04:05Z');
const ignore = (): void => undefined;

/** What another page of this station would do with the same storage. */
function openRaw(factory: IDBFactory, version: number): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open('keyferry', version);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

describe('the database', () => {
  it('keeps what was written for the next page', async () => {
    const factory = new IDBFactory();
    const first = await Database.open(factory, ignore);
    const id = await new Journal(first, 'a', now).begin(ATTEMPT);
    await first.close();
    const second = await Database.open(factory, ignore);
    expect(await new Journal(second, 'b', now).get(id)).toMatchObject({ sn: ATTEMPT.sn });
  });

  it('makes way for a newer version of the page and says so', async () => {
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

  it('does not wait for a tab that holds an older version open', async () => {
    const blocking = { open: () => blockedRequest() } as unknown as IDBFactory;
    await expect(Database.open(blocking, ignore)).rejects.toMatchObject({ code: 'journal-elsewhere' });
  });

  it('says that a newer version of the page was here, instead of blaming the browser', async () => {
    const factory = new IDBFactory();
    (await openRaw(factory, 99)).close();
    await expect(Database.open(factory, ignore)).rejects.toMatchObject({ code: 'journal-elsewhere' });
  });

  it('opens itself again after the browser closed it', async () => {
    const raw: IDBDatabase[] = [];
    const { database } = await watched(raw);
    const journal = new Journal(database, 'a', now);
    await journal.begin(ATTEMPT);
    raw[0]?.close();
    raw[0]?.onclose?.(new Event('close'));
    expect(await journal.list(10)).toHaveLength(1);
    expect(raw).toHaveLength(2);
  });

  it('fails as long as the browser refuses its storage, and no longer', async () => {
    const factory = new IDBFactory();
    let isRefused = false;
    const moody = {
      open: (name: string, version: number) => {
        if (isRefused) throw new DOMException('The user denied permission.', 'SecurityError');
        return factory.open(name, version);
      },
    } as unknown as IDBFactory;
    const database = await Database.open(moody, ignore);
    const journal = new Journal(database, 'a', now);
    await database.close();
    isRefused = true;
    await expect(journal.begin(ATTEMPT)).rejects.toMatchObject({ code: 'journal-failed' });
    isRefused = false;
    expect(await journal.begin(ATTEMPT)).toBe(1);
  });

  it('undoes everything when one part of it fails', async () => {
    const database = await Database.open(new IDBFactory(), ignore);
    const trust = new StoredTrust(database, 'https://as.example', now);
    await trust.pin('root');
    const half = database.run(['trust'], 'readwrite', async (transaction) => {
      await transaction.objectStore('trust').delete('https://as.example');
      throw new RangeError('a bug in the middle');
    });
    await expect(half).rejects.toThrow(RangeError);
    expect((await trust.read())?.root).toBe('root');
  });

  it.each([
    ['QuotaExceededError', 'journal-full'],
    ['UnknownError', 'journal-failed'],
    ['InvalidStateError', 'journal-failed'],
  ])('says what %s means', async (name, code) => {
    const database = await Database.open(new IDBFactory(), ignore);
    const failing = database.run(['trust'], 'readwrite', () => Promise.reject(new DOMException('as told', name)));
    await expect(failing).rejects.toMatchObject({ code });
  });
});

/** A database whose connections the test can reach. */
async function watched(connections: IDBDatabase[]): Promise<{ database: Database }> {
  const factory = new IDBFactory();
  const open = (name: string, version: number): IDBOpenDBRequest => {
    const request = factory.open(name, version);
    request.addEventListener('success', () => connections.push(request.result));
    return request;
  };
  return { database: await Database.open({ open } as unknown as IDBFactory, ignore) };
}

/** A request that the other tab blocks for ever. */
function blockedRequest(): object {
  const request: { onblocked?: () => void } = {};
  setImmediate(() => request.onblocked?.());
  return request;
}

describe('the trust that is kept', () => {
  const HEAD = { sequence: 5, hash: 'five', time: '2026-01-02T03:04:05Z', envelope: '{}' };

  async function store(service = 'https://as.example', database?: Database): Promise<StoredTrust> {
    return new StoredTrust(database ?? (await Database.open(new IDBFactory(), ignore)), service, now);
  }

  it('is the first root that was pinned', async () => {
    const trust = await store();
    expect(await trust.read()).toBeUndefined();
    expect(await trust.pin('first')).toBe('first');
    expect(await trust.pin('second')).toBe('first');
    expect(await trust.read()).toMatchObject({ root: 'first', pinnedAt: '2026-01-02T03:04:05.000Z' });
  });

  it('is of one AS and says nothing of another', async () => {
    const database = await Database.open(new IDBFactory(), ignore);
    await (await store('https://a.example', database)).pin('a');
    expect(await (await store('https://b.example', database)).read()).toBeUndefined();
  });

  it('has the newest head, whatever the order in which they come', async () => {
    const trust = await store();
    await trust.pin('root');
    await trust.advance(HEAD);
    await trust.advance({ ...HEAD, sequence: 4, hash: 'four' });
    expect((await trust.read())?.head).toEqual(HEAD);
    await trust.advance({ ...HEAD, hash: 'another five' });
    expect((await trust.read())?.head?.hash).toBe('five');
    await trust.advance({ ...HEAD, sequence: 6 });
    expect((await trust.read())?.head?.sequence).toBe(6);
  });

  it('takes no head before there is a root', async () => {
    await expect((await store()).advance(HEAD)).rejects.toThrow(RangeError);
  });

  it('is replaced by the operator, with what was trusted before written down and the log begun afresh', async () => {
    const trust = await store();
    await trust.pin('first');
    await trust.advance(HEAD);
    await trust.replace('second');
    const at = '2026-01-02T03:04:05.000Z';
    const first = { root: 'first', pinnedAt: at, head: HEAD, replacedAt: at };
    expect(await trust.read()).toEqual({
      service: 'https://as.example',
      root: 'second',
      pinnedAt: at,
      former: [first],
    });
    await trust.advance({ ...HEAD, sequence: 1 });
    await trust.replace('third');
    expect((await trust.read())?.former?.map(({ root, head }) => [root, head?.sequence])).toEqual([
      ['first', 5],
      ['second', 1],
    ]);
  });
});
