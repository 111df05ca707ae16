// Opens a station's database and exposes its connections. Loses and disturbs the database as a
// browser or another program does.
import { IDBFactory } from 'fake-indexeddb';
import { clearSilently, clearSite, close, empty, type OpenDatabase, remove } from '#test/support/lost-database.ts';
import { type Batch, EMPTY_CHAIN, STATION_CHAIN, verifyBatch } from '#web/journal/chain.ts';
import { DATABASE_NAME, Database } from '#web/journal/database.ts';

/** An IndexedDB in memory, and the connections of the page to it. */
export interface Connections {
  readonly factory: IDBFactory;
  readonly connections: IDBDatabase[];
  /** Called once when the page has opened its next connection. */
  readonly opened: (() => void)[];
  /** The factory for the page. */
  readonly ofPage: Pick<IDBFactory, 'open'>;
}

export interface Disk extends OpenDatabase, Connections {
  readonly factory: IDBFactory;
  readonly database: Database;
}

export function exposeConnections(): Connections {
  const factory = new IDBFactory();
  const connections: IDBDatabase[] = [];
  const opened: (() => void)[] = [];
  const open = (name: string, version?: number): IDBOpenDBRequest => {
    const request = factory.open(name, version);
    request.addEventListener('success', () => {
      connections.push(request.result);
      for (const action of opened.splice(0)) action();
    });
    return request;
  };
  return { factory, connections, opened, ofPage: { open } };
}

export async function openDisk(): Promise<Disk> {
  const connections = exposeConnections();
  const database = await Database.open(connections.ofPage, () => undefined);
  return { ...connections, name: DATABASE_NAME, database };
}

/** Calls `action` with the next transaction that the page begins on its newest connection. */
export function atNextTransaction({ connections }: Connections, action: (transaction: IDBTransaction) => void): void {
  const db = connections.at(-1);
  if (!db) throw new TypeError('no connection');
  const begin = db.transaction.bind(db);
  db.transaction = (...request) => {
    db.transaction = begin;
    const transaction = begin(...request);
    action(transaction);
    return transaction;
  };
}

/** Aborts the next transaction, as a browser can do. */
async function abortNext(disk: Disk): Promise<void> {
  abortTransactions(disk, 1);
}

/** Closes the connections when the next transaction has made its first request. */
export function closeAtFirstRequest(disk: Disk): void {
  atNextTransaction(disk, (transaction) => {
    const objectStore = transaction.objectStore.bind(transaction);
    transaction.objectStore = (name) => {
      transaction.objectStore = objectStore;
      queueMicrotask(() => void close(disk));
      return objectStore(name);
    };
  });
}

/**
 * The browser closes the connection when the next transaction is on disk. It reports the end of the
 * transaction only afterwards, or not at all.
 */
export function closeAfterCommit(
  disk: Connections,
  isReported: boolean,
  before: () => Promise<void> = () => Promise.resolve(),
): void {
  atNextTransaction(disk, (transaction) =>
    transaction.addEventListener('complete', (event) => {
      if (!isReported) event.stopImmediatePropagation();
      void before().then(() => close(disk));
    }),
  );
}

/**
 * Does the same as closeAfterCommit() for the next `count` transactions, each on a new connection.
 * Awaits `before` between the first commit and the close.
 */
export function closeAfterCommits(disk: Connections, count: number, before?: () => Promise<void>): void {
  closeAfterCommit(disk, false, before);
  if (count > 1) disk.opened.push(() => closeAfterCommits(disk, count - 1));
}

/** Aborts the next `count` transactions, as a browser can do, and then calls `then`. */
export function abortTransactions(disk: Connections, count: number, then: () => void = () => undefined): void {
  atNextTransaction(disk, (transaction) => {
    queueMicrotask(() => transaction.abort());
    if (count > 1) abortTransactions(disk, count - 1, then);
    else then();
  });
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
