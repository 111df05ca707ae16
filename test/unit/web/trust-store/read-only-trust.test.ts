// What a page that is no station reads of the station's trust: it leaves the storage as it was, whatever its version.
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { describe, expect, it } from 'vitest';
import { keptRoots } from '#web/app/pinned-roots.ts';
import { Database, STATION } from '#web/journal/database.ts';
import { StoredTrust } from '#web/trust-store/trust-store.ts';

const now = (): Date => new Date('2026-01-02T03:04:05Z');

/** A database of the station as another version of it left it, with these stores. */
function left(factory: IDBFactory, version: number, stores: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = factory.open(STATION, version);
    request.onupgradeneeded = () => {
      for (const store of stores) request.result.createObjectStore(store, { keyPath: 'service' });
      if (stores.includes('trust'))
        request.transaction?.objectStore('trust').add({ service: 'https://as.example', root: 'r' });
    };
    request.onsuccess = () => resolve(request.result.close());
    request.onerror = () => reject(request.error);
  });
}

describe('the roots that a verifier reads from the station', () => {
  it('are those that it pinned, while the station goes on as if nobody had looked', async () => {
    const factory = new IDBFactory();
    let superseded = 0;
    const trust = new StoredTrust(await Database.open(factory, () => superseded++), 'https://as.example', now);
    await trust.pin('root');
    expect(await keptRoots(factory)).toMatchObject([{ service: 'https://as.example', root: 'root' }]);
    expect(superseded).toBe(0);
    expect(await trust.read()).toMatchObject({ root: 'root' });
  });

  it.each([1, 99])('are read at version %i of the storage, which stays as it is', async (version) => {
    const factory = new IDBFactory();
    await left(factory, version, ['trust']);
    expect(await keptRoots(factory)).toMatchObject([{ root: 'r' }]);
    expect(await factory.databases()).toEqual([{ name: STATION, version }]);
  });

  it("stand in nobody's way afterwards", async () => {
    const factory = new IDBFactory();
    await left(factory, 1, ['trust']);
    await keptRoots(factory);
    await left(factory, 2, ['more']); // blocked for ever by a connection that is still open
    expect(await factory.databases()).toEqual([{ name: STATION, version: 2 }]);
  });

  it('are none where there is no station, and none is made', async () => {
    const factory = new IDBFactory();
    expect(await keptRoots(factory)).toEqual([]);
    expect(await factory.databases()).toEqual([]);
  });

  it('are none where the station trusts nobody yet, or the browser refuses its storage', async () => {
    const factory = new IDBFactory();
    await left(factory, 1, ['orders']);
    expect(await keptRoots(factory)).toEqual([]);
    const refused = {
      open: () => {
        throw new DOMException('The user denied permission.', 'SecurityError');
      },
    } as unknown as IDBFactory;
    expect(await keptRoots(refused)).toEqual([]);
  });
});
