// A station's database whose connections the test can reach, and the ways in which a browser or
// another program loses or disturbs it.
import { IDBFactory } from 'fake-indexeddb';
import { type Batch, EMPTY_CHAIN, STATION_CHAIN, verifyBatch } from '#web/journal/chain.ts';
import { DATABASE_NAME, Database } from '#web/journal/database.ts';

export interface Disk {
  readonly factory: IDBFactory;
  readonly database: Database;
  readonly connections: IDBDatabase[];
}

export async function openDisk(): Promise<Disk> {
  const factory = new IDBFactory();
  const connections: IDBDatabase[] = [];
  const open = (name: string, version: number): IDBOpenDBRequest => {
    const request = factory.open(name, version);
    request.addEventListener('success', () => connections.push(request.result));
    return request;
  };
  const database = await Database.open({ open } as unknown as IDBFactory, () => undefined);
  return { factory, database, connections };
}

const settled = (request: IDBRequest): Promise<void> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
  });

/** Deletes the database, as another program or a browser can do. */
export async function remove({ factory }: Disk): Promise<void> {
  await settled(factory.deleteDatabase(DATABASE_NAME));
}

/** Closes the connections, deletes the data, and then dispatches the close events, as a browser can do. */
export async function clearSite({ factory, connections }: Disk): Promise<void> {
  const open = connections.splice(0);
  for (const connection of open) connection.close();
  await settled(factory.deleteDatabase(DATABASE_NAME));
  for (const connection of open) connection.onclose?.(new Event('close'));
}

/** Closes the connections and deletes the data without any event, as a browser can do. */
export async function clearSilently({ factory, connections }: Disk): Promise<void> {
  for (const connection of connections.splice(0)) connection.close();
  await settled(factory.deleteDatabase(DATABASE_NAME));
}

/** Empties every object store, as another script can do. */
export async function empty({ connections }: Disk): Promise<void> {
  const db = connections.at(-1);
  if (!db) throw new TypeError('no connection');
  const transaction = db.transaction([...db.objectStoreNames], 'readwrite');
  for (const name of db.objectStoreNames) transaction.objectStore(name).clear();
  await new Promise<void>((resolve) => {
    transaction.oncomplete = () => resolve();
  });
}

/** Closes the connection and keeps the data, as a browser can do. */
async function close({ connections }: Disk): Promise<void> {
  const connection = connections.pop();
  connection?.close();
  connection?.onclose?.(new Event('close'));
}

/** Aborts the next transaction, as a browser can do. */
async function abortNext({ connections }: Disk): Promise<void> {
  const db = connections.at(-1);
  if (!db) throw new TypeError('no connection');
  const begin = db.transaction.bind(db);
  db.transaction = (...request) => {
    db.transaction = begin;
    const transaction = begin(...request);
    queueMicrotask(() => transaction.abort());
    return transaction;
  };
}

export const LOSSES = { remove, clearSite, clearSilently, empty } as const;
export const DISTURBANCES = { close, abortNext } as const;

/** Verifies the chain of the station, and returns its first number and all records. */
export async function stationChain({
  database,
}: Disk): Promise<{ readonly first: number | undefined; readonly batches: readonly Batch[] }> {
  return await database.run(['batches'], 'readonly', async (transaction) => {
    const store = transaction.objectStore('batches');
    const [keys, batches] = await Promise.all([store.getAllKeys(), store.getAll()]);
    let tail = EMPTY_CHAIN;
    for (const [index, batch] of batches.entries()) {
      const key = keys[index];
      if (!key || key[0] !== STATION_CHAIN) continue;
      const next = verifyBatch(tail, key, batch);
      if ('reason' in next) throw new Error(`entry ${next.seq} is ${next.reason}`);
      tail = next;
    }
    return { first: keys[0]?.[1], batches };
  });
}
