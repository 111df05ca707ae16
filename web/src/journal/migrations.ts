// The journal's schema, one function for each version of it; none is ever edited after it was released. Knows how records are laid out, not what is done
// with them.
import type { IDBPDatabase, IDBPTransaction } from 'idb';
import type { Bytes } from '#protocol/bytes/bytes.ts';
import type { AttemptRecord, NewAttempt, StepBody } from './attempt.ts';
import { batchOf, type Entry, GENESIS, hashOf, STATION_CHAIN, setApart } from './chain.ts';

export type Upgrade = (
  db: IDBPDatabase<unknown>,
  transaction: IDBPTransaction<unknown, string[], 'versionchange'>,
) => Promise<void>;

/** Version 1: an attempt in one store, its steps in another. */
async function toVersion1(db: IDBPDatabase<unknown>): Promise<void> {
  db.createObjectStore('attempts', { keyPath: 'id', autoIncrement: true });
  db.createObjectStore('steps', { keyPath: ['attempt', 'index'] });
  db.createObjectStore('open', { keyPath: 'attempt' });
  db.createObjectStore('trust', { keyPath: 'service' });
}

/** Octets of one attempt in version 1. */
type OldAttempt = NewAttempt & Pick<AttemptRecord, 'id' | 'startedAt'> & { readonly session: string };
type OldStep = StepBody & {
  readonly attempt: number;
  readonly index: number;
  readonly at: string;
  readonly auditHead?: string;
  readonly export?: unknown;
};

/** Version 2: hash-chained entries of attempts and of work orders; the work orders, and what became of each of their units. */
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
  const add = async (of: [number, number], at: string, kept: Pick<Entry, 'body' | 'signed'>): Promise<void> => {
    const entry = { of, at: Date.parse(at), ...kept };
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
      // What was exported stood in the step before as well.
      if (body.step === 'import' && body.state === 'intended') delete (body as { export?: unknown }).export;
      await add([id, index + 1], at, setApart(body, auditHead));
    }
  }
  db.deleteObjectStore('attempts');
  db.deleteObjectStore('steps');
}

/** An attempt in version 2 whose outcome was not final, and the page that ran it. */
interface OldOpen {
  readonly attempt: number;
  readonly session: string;
}

/** An entry in version 2, by chain and number. */
type OldEntry = Entry & { readonly hash: Bytes };

/** So many entries are in memory at once, and in a record at most. */
const OLD_PAGE = 2000;
const MAX_BATCH_SIZE = 32;

/** Version 3: what is written at once is one record, and each page has one list of what it has begun. The hashes stay what they were. */
async function toVersion3(
  db: IDBPDatabase<unknown>,
  transaction: IDBPTransaction<unknown, string[], 'versionchange'>,
): Promise<void> {
  const batches = db.createObjectStore('batches');
  batches.createIndex('attempt', 'firsts', { unique: true, multiEntry: true });
  const old = transaction.objectStore('entries');
  for (let from: IDBKeyRange | null = null; ; ) {
    const [keys, entries] = (await Promise.all([old.getAllKeys(from, OLD_PAGE), old.getAll(from, OLD_PAGE)])) as [
      [number, number][],
      OldEntry[],
    ];
    for (let first = 0, end = 0; first < keys.length; first = end) {
      const [chain = 0, seq = 0] = keys[first] ?? [];
      const follows = ([other, number]: readonly [number, number]): boolean =>
        other === chain && number === seq + end - first;
      for (end = first + 1; end < Math.min(keys.length, first + MAX_BATCH_SIZE); end++) {
        if (!follows(keys[end] ?? [-1, 0])) break;
      }
      const run = entries.slice(first, end);
      const kept = run.map(({ hash: _, ...entry }) => entry);
      await batches.add(batchOf(kept, run.at(-1)?.hash ?? GENESIS), [chain, seq]);
    }
    const last = keys.at(-1);
    if (last === undefined || keys.length < OLD_PAGE) break;
    from = IDBKeyRange.lowerBound(last, true);
  }
  db.deleteObjectStore('entries');

  const left = new Map<string, number[]>();
  for (const { attempt, session } of (await transaction.objectStore('open').getAll()) as OldOpen[]) {
    left.set(session, [...(left.get(session) ?? []), attempt]);
  }
  db.deleteObjectStore('open');
  const open = db.createObjectStore('open', { keyPath: 'session' });
  for (const [session, attempts] of left) await open.add({ session, attempts });
}

/** Version 4: room for ballast (ballast.ts); and an export may announce its import, of which a page of version 3 would think nothing. */
async function toVersion4(db: IDBPDatabase<unknown>): Promise<void> {
  db.createObjectStore('ballast');
}

/** The n-th brings a database of version n to version n + 1. */
export const UPGRADES: readonly Upgrade[] = [toVersion1, toVersion2, toVersion3, toVersion4];
