// The verifier reads the trust records of the station. The verifier must not change the database of
// the station, whatever the version of the database.
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it } from 'vitest';
import { abortTransactions, openDisk } from '#test/unit/web/journal/disk.ts';
import { openRaw } from '#test/unit/web/journal/raw-database.ts';
import { readPinnedRoots } from '#web/app/pinned-roots.ts';
import { DATABASE_NAME, Database } from '#web/journal/database.ts';
import { StationTrustStore } from '#web/trust-store/trust-store.ts';

const now = (): Date => new Date('2026-01-02T03:04:05Z');

/** Creates a database of the station in version `version`, with the stores `stores`. */
async function createDatabase(factory: IDBFactory, version: number, stores: readonly string[]): Promise<void> {
  const database = await openRaw(factory, version, ({ result, transaction }) => {
    for (const store of stores) result.createObjectStore(store, { keyPath: 'service' });
    if (stores.includes('trust')) transaction?.objectStore('trust').add({ service: 'https://as.example', root: 'r' });
  });
  database.close();
}

describe('the pinned roots that the verifier reads', () => {
  it('are the roots of the station, and the station can continue to use its database', async () => {
    const factory = new IDBFactory();
    let superseded = 0;
    const trust = new StationTrustStore(await Database.open(factory, () => superseded++), 'https://as.example', now);
    await trust.pin('root');
    expect(await readPinnedRoots(factory)).toMatchObject([{ service: 'https://as.example', root: 'root' }]);
    expect(superseded).toBe(0);
    expect(await trust.read()).toMatchObject({ root: 'root' });
  });

  it('are read again if the browser aborts the transaction', async () => {
    const disk = await openDisk();
    await new StationTrustStore(disk.database, 'https://as.example', now).pin('root');
    let aborts = 0;
    const abortNext = (): void => {
      if (++aborts === 2) return;
      abortTransactions(disk, 1);
      disk.opened.push(abortNext);
    };
    disk.opened.push(abortNext);
    expect(await readPinnedRoots(disk.ofPage as IDBFactory)).toMatchObject([{ root: 'root' }]);
    expect(aborts).toBe(2);
  });

  it.each([1, 99])('are read from version %i of the database without an upgrade', async (version) => {
    const factory = new IDBFactory();
    await createDatabase(factory, version, ['trust']);
    expect(await readPinnedRoots(factory)).toMatchObject([{ root: 'r' }]);
    expect(await factory.databases()).toEqual([{ name: DATABASE_NAME, version }]);
  });

  it('do not keep the database open', async () => {
    const factory = new IDBFactory();
    await createDatabase(factory, 1, ['trust']);
    await readPinnedRoots(factory);
    await createDatabase(factory, 2, ['more']); // an open connection would block this
    expect(await factory.databases()).toEqual([{ name: DATABASE_NAME, version: 2 }]);
  });

  it('are empty if the station has no database, and no database is created', async () => {
    const factory = new IDBFactory();
    expect(await readPinnedRoots(factory)).toEqual([]);
    expect(await factory.databases()).toEqual([]);
  });

  it('are empty without a pinned root, and when the browser denies storage', async () => {
    const factory = new IDBFactory();
    await createDatabase(factory, 1, ['orders']);
    expect(await readPinnedRoots(factory)).toEqual([]);
    const denying = {
      open: () => {
        throw new DOMException('The user denied permission.', 'SecurityError');
      },
    } as unknown as IDBFactory;
    expect(await readPinnedRoots(denying)).toEqual([]);
  });
});
