import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it } from 'vitest';
import { abortTransactions, closeAfterCommit, closeAfterCommits, openDisk } from '#test/unit/web/journal/disk.ts';
import { DATABASE_NAME, Database } from '#web/journal/database.ts';
import { StationTrustStore } from '#web/trust-store/trust-store.ts';

const now = (): Date => new Date('2026-01-02T03:04:05Z');
const openDatabase = (): Promise<Database> => Database.open(new IDBFactory(), () => undefined);

describe('the trust store', () => {
  const HEAD = { sequence: 5, hash: 'five', time: '2026-01-02T03:04:05Z', envelope: '{}' };

  async function store(service = 'https://as.example', database?: Database): Promise<StationTrustStore> {
    return new StationTrustStore(database ?? (await openDatabase()), service, now);
  }

  it('keeps the first root', async () => {
    const trust = await store();
    expect(await trust.read()).toBeUndefined();
    expect(await trust.pin('first')).toBe('first');
    expect(await trust.pin('second')).toBe('first');
    expect(await trust.read()).toMatchObject({ root: 'first', pinnedAt: '2026-01-02T03:04:05.000Z' });
  });

  it('is separate for each AS', async () => {
    const database = await openDatabase();
    await (await store('https://a.example', database)).pin('a');
    expect(await (await store('https://b.example', database)).read()).toBeUndefined();
  });

  it('keeps the newest head, whatever the order in which heads arrive', async () => {
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

  it('refuses a head before a root is pinned', async () => {
    await expect((await store()).advance(HEAD)).rejects.toThrow(RangeError);
  });

  it('is restored from memory when the browser deletes the database while the page is open', async () => {
    const factory = new IDBFactory();
    const trust = await store('https://as.example', await Database.open(factory, () => undefined));
    await trust.pin('root');
    await trust.advance(HEAD);
    const remove = (): Promise<void> =>
      new Promise((resolve) => {
        factory.deleteDatabase(DATABASE_NAME).onsuccess = () => resolve();
      });
    await remove();
    expect(await trust.read()).toMatchObject({ root: 'root', head: HEAD });
    expect(await trust.pin('of another AS')).toBe('root');
    await remove();
    await trust.advance({ ...HEAD, sequence: 6 });
    const next = await store('https://as.example', await Database.open(factory, () => undefined));
    expect(await next.read()).toMatchObject({ root: 'root', head: { sequence: 6 } });
    await remove();
    await trust.replace('second');
    expect(await trust.read()).toMatchObject({ root: 'second', former: [{ root: 'root' }] });
  });

  it('repeats a transaction that the browser aborts', async () => {
    const disk = await openDisk();
    const trust = await store('https://as.example', disk.database);
    abortTransactions(disk, 2);
    expect(await trust.pin('root')).toBe('root');
    abortTransactions(disk, 2);
    await trust.advance(HEAD);
    abortTransactions(disk, 2);
    expect(await trust.read()).toMatchObject({ root: 'root', head: HEAD });
  });

  it('fails after three aborted transactions, and stores nothing', async () => {
    const disk = await openDisk();
    const trust = await store('https://as.example', disk.database);
    abortTransactions(disk, 3);
    await expect(trust.pin('root')).rejects.toMatchObject({ code: 'journal-failed' });
    expect(await trust.read()).toBeUndefined();
    await trust.pin('root');
    abortTransactions(disk, 3);
    await expect(trust.advance(HEAD)).rejects.toMatchObject({ code: 'journal-failed' });
    abortTransactions(disk, 3);
    await expect(trust.replace('second')).rejects.toMatchObject({ code: 'journal-failed' });
    expect(await trust.read()).toEqual({ service: 'https://as.example', root: 'root', pinnedAt: now().toISOString() });
  });

  it.each([0, 1, 2])('finds what is on disk after %i aborts and then only closes', async (aborts) => {
    const disk = await openDisk();
    const trust = await store('https://as.example', disk.database);
    const disturb = async (): Promise<void> => {
      await trust.read(); // opens the database
      const closes = (): void => closeAfterCommits(disk, 3 - aborts);
      if (aborts === 0) closes();
      else abortTransactions(disk, aborts, closes);
    };
    await disturb();
    expect(await trust.pin('first')).toBe('first');
    await disturb();
    await trust.advance(HEAD);
    await disturb();
    await trust.replace('second');
    await disturb();
    const at = now().toISOString();
    expect(await trust.read()).toEqual({
      ...{ service: 'https://as.example', root: 'second', pinnedAt: at },
      former: [{ root: 'first', pinnedAt: at, head: HEAD, replacedAt: at }],
    });
  });

  it('records a former root once if the browser closes the database after the root was replaced', async () => {
    const disk = await openDisk();
    const trust = await store('https://as.example', disk.database);
    await trust.pin('first');
    closeAfterCommit(disk, false);
    await trust.replace('second');
    expect((await trust.read())?.former?.map(({ root }) => root)).toEqual(['first']);
  });

  it.each([
    ['stores a head', (other: StationTrustStore) => other.advance(HEAD), ['first']],
    ['replaces the root', (other: StationTrustStore) => other.replace('third'), ['first', 'second']],
  ])('records a former root once, also if another tab %s before the repetition', async (_name, change, former) => {
    const disk = await openDisk();
    const trust = await store('https://as.example', disk.database);
    const other = await store('https://as.example', await Database.open(disk.factory, () => undefined));
    await trust.pin('first');
    closeAfterCommits(disk, 1, () => change(other));
    await trust.replace('second');
    expect((await trust.read())?.former?.map(({ root }) => root)).toEqual(former);
  });

  it('records the former root and head when the root is replaced', async () => {
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
