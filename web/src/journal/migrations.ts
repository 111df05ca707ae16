// The journal's schema as one migration per version. A migration is never edited after its release.
import type { IDBPDatabase, IDBPTransaction } from 'idb';
import type { Bytes } from '#protocol/bytes/bytes.ts';
import type { AttemptRecord, NewAttempt, StepBody } from './attempt.ts';
import { batchOf, type Entry, GENESIS, hashOf, packStep, STATION_CHAIN } from './chain.ts';

export type Migration = (
  db: IDBPDatabase<unknown>,
  transaction: IDBPTransaction<unknown, string[], 'versionchange'>,
) => Promise<void>;

/** Version 1: attempts in one store, their steps in another. */
async function toVersion1(db: IDBPDatabase<unknown>): Promise<void> {
  db.createObjectStore('attempts', { keyPath: 'id', autoIncrement: true });
  db.createObjectStore('steps', { keyPath: ['attempt', 'index'] });
  db.createObjectStore('open', { keyPath: 'attempt' });
  db.createObjectStore('trust', { keyPath: 'service' });
}

/** An attempt in version 1. */
type OldAttempt = NewAttempt & Pick<AttemptRecord, 'id' | 'startedAt'> & { readonly session: string };
type OldStep = StepBody & {
  readonly attempt: number;
  readonly index: number;
  readonly at: string;
  readonly auditHead?: string;
  readonly export?: unknown;
};

/** Version 2: hash-chained entries replace attempts and steps. Adds stores for orders and units. */
async function toVersion2(
  db: IDBPDatabase<unknown>,
  transaction: IDBPTransaction<unknown, string[], 'versionchange'>,
): Promise<void> {
  const entries = db.createObjectStore('entries');
  entries.createIndex('attempt', 'of', { unique: true });
  db.createObjectStore('orders', { keyPath: 'order', autoIncrement: true }).createIndex('name', 'name', {
    unique: true,
  });
  db.createObjectStore('units', { keyPath: ['order', 'sn'] }).createIndex('state', ['order', 'state']);

  let [seq, hash] = [0, GENESIS];
  const add = async (of: [number, number], at: string, parts: Pick<Entry, 'body' | 'signed'>): Promise<void> => {
    const entry = { of, at: Date.parse(at), ...parts };
    hash = hashOf(hash, [STATION_CHAIN, seq], entry);
    await entries.add({ hash, ...entry }, [STATION_CHAIN, seq++]);
  };
  let cursor = await transaction.objectStore('attempts').openCursor();
  for (; cursor; cursor = await cursor.continue()) {
    const { id, startedAt, session: _, ...attempt } = cursor.value as OldAttempt;
    await add([id, 0], startedAt, { body: { step: 'begin', ...attempt } });
    const range = IDBKeyRange.bound([id, 0], [id, Number.POSITIVE_INFINITY]);
    for (const old of (await transaction.objectStore('steps').getAll(range)) as OldStep[]) {
      const { attempt: _, index, at, auditHead, ...body } = old;
      // Version 1 repeated the export of the previous step in this field.
      if (body.step === 'import' && body.state === 'intended') delete (body as { export?: unknown }).export;
      await add([id, index + 1], at, packStep(body, auditHead));
    }
  }
  db.deleteObjectStore('attempts');
  db.deleteObjectStore('steps');
}

/** An attempt without a final outcome in version 2, with the session id of its page. */
interface OldOpen {
  readonly attempt: number;
  readonly session: string;
}

/** An entry in version 2. Its key contains the chain and the number of the entry. */
type OldEntry = Entry & { readonly hash: Bytes };

/** Maximum number of entries in memory during the migration. */
const MIGRATION_PAGE = 2000;
/** Maximum number of entries in a migrated record. */
const MAX_BATCH_SIZE = 32;

/** Version 3: one record per chain and commit, and one list of open attempts per page. */
async function toVersion3(
  db: IDBPDatabase<unknown>,
  transaction: IDBPTransaction<unknown, string[], 'versionchange'>,
): Promise<void> {
  const batches = db.createObjectStore('batches');
  batches.createIndex('attempt', 'firsts', { unique: true, multiEntry: true });
  const old = transaction.objectStore('entries');
  for (let from: IDBKeyRange | null = null; ; ) {
    const [keys, entries] = (await Promise.all([
      old.getAllKeys(from, MIGRATION_PAGE),
      old.getAll(from, MIGRATION_PAGE),
    ])) as [[number, number][], OldEntry[]];
    for (let first = 0, end = 0; first < keys.length; first = end) {
      const [chain = 0, seq = 0] = keys[first] ?? [];
      const follows = ([other, number]: readonly [number, number]): boolean =>
        other === chain && number === seq + end - first;
      for (end = first + 1; end < Math.min(keys.length, first + MAX_BATCH_SIZE); end++) {
        if (!follows(keys[end] ?? [-1, 0])) break;
      }
      const chunk = entries.slice(first, end);
      const batch = chunk.map(({ hash: _, ...entry }) => entry);
      await batches.add(batchOf(batch, chunk.at(-1)?.hash ?? GENESIS), [chain, seq]);
    }
    const last = keys.at(-1);
    if (last === undefined) break;
    from = IDBKeyRange.lowerBound(last, true);
  }
  db.deleteObjectStore('entries');

  const bySession = new Map<string, number[]>();
  for (const { attempt, session } of (await transaction.objectStore('open').getAll()) as OldOpen[]) {
    bySession.set(session, [...(bySession.get(session) ?? []), attempt]);
  }
  db.deleteObjectStore('open');
  const open = db.createObjectStore('open', { keyPath: 'session' });
  for (const [session, attempts] of bySession) await open.add({ session, attempts });
}

/**
 * log-rotation.ts fills and empties this store when the page starts. The databases of existing
 * stations contain this name, so it cannot change.
 */
export const LOG_ROTATION_STORE = 'ballast';

/**
 * Version 4: a store for the log rotation (log-rotation.ts). Raising the version also locks out
 * pages of version 3, which do not support `thenImport` (docs/adr/0041).
 */
async function toVersion4(db: IDBPDatabase<unknown>): Promise<void> {
  db.createObjectStore(LOG_ROTATION_STORE);
}

/** Index n migrates from version n to version n + 1. */
export const MIGRATIONS: readonly Migration[] = [toVersion1, toVersion2, toVersion3, toVersion4];
