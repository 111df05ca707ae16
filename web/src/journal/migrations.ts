// The journal's schema as one migration per version. A migration is never edited after its release.
import type { IDBPDatabase, IDBPTransaction } from 'idb';

type Upgrade = IDBPTransaction<unknown, string[], 'versionchange'>;

/**
 * The code that converts old records. A new database has no old records, so the page does not load
 * this code for it.
 */
export type OldRecords = typeof import('./old-records.ts');

/** The records of versions below this one must be converted. */
export const FIRST_WITHOUT_CONVERSION = 3;

/** `old` is undefined for a new database. */
export type Migration = (db: IDBPDatabase<unknown>, transaction: Upgrade, old?: OldRecords) => Promise<void>;

/** Version 1: attempts in one store, their steps in another. */
async function toVersion1(db: IDBPDatabase<unknown>): Promise<void> {
  db.createObjectStore('attempts', { keyPath: 'id', autoIncrement: true });
  db.createObjectStore('steps', { keyPath: ['attempt', 'index'] });
  db.createObjectStore('open', { keyPath: 'attempt' });
  db.createObjectStore('trust', { keyPath: 'service' });
}

/** Version 2: hash-chained entries replace attempts and steps. Adds stores for orders and units. */
async function toVersion2(db: IDBPDatabase<unknown>, transaction: Upgrade, old?: OldRecords): Promise<void> {
  const entries = db.createObjectStore('entries');
  entries.createIndex('attempt', 'of', { unique: true });
  db.createObjectStore('orders', { keyPath: 'order', autoIncrement: true }).createIndex('name', 'name', {
    unique: true,
  });
  db.createObjectStore('units', { keyPath: ['order', 'sn'] }).createIndex('state', ['order', 'state']);

  await old?.chainAttempts(transaction);
  db.deleteObjectStore('attempts');
  db.deleteObjectStore('steps');
}

/** Version 3: one record per chain and commit, and one list of open attempts per page. */
async function toVersion3(db: IDBPDatabase<unknown>, transaction: Upgrade, old?: OldRecords): Promise<void> {
  const batches = db.createObjectStore('batches');
  batches.createIndex('attempt', 'firsts', { unique: true, multiEntry: true });
  await old?.batchEntries(transaction);
  db.deleteObjectStore('entries');

  const openAttempts = await old?.openBySession(transaction);
  db.deleteObjectStore('open');
  const open = db.createObjectStore('open', { keyPath: 'session' });
  for (const each of openAttempts ?? []) await open.add(each);
}

/**
 * log-rotation.ts fills and empties this store when the page starts. The databases of existing
 * stations contain this name, so it cannot change.
 */
export const LOG_ROTATION_STORE = 'ballast';

/** Index n migrates from version n to version n + 1. */
export const MIGRATIONS: readonly Migration[] = [
  toVersion1,
  toVersion2,
  toVersion3,
  // A store for the log rotation (log-rotation.ts). Raising the version also locks out pages of
  // version 3, which do not support `thenImport` (docs/adr/0041).
  async (db) => void db.createObjectStore(LOG_ROTATION_STORE),
  // A store for the traces of the last attempts (web/src/state/help/traces.ts).
  async (db) => void db.createObjectStore('traces'),
];
