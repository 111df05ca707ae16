// The journal's schema, one function for each version of it; none is ever edited after it was released. Knows how records are laid out, not what is done
// with them.
import type { IDBPDatabase, IDBPTransaction } from 'idb';
import type { AttemptRecord, NewAttempt, StepBody } from './attempt.ts';
import { GENESIS, link, STATION_CHAIN, type StoredEntry, setApart } from './chain.ts';

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
  const add = async (of: [number, number], at: string, kept: Pick<StoredEntry, 'body' | 'signed'>): Promise<void> => {
    const entry = link(hash, [STATION_CHAIN, seq], { of, at: Date.parse(at), ...kept });
    hash = entry.hash;
    await entries.add(entry, [STATION_CHAIN, seq++]);
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

/** The n-th brings a database of version n to version n + 1. */
export const UPGRADES: readonly Upgrade[] = [toVersion1, toVersion2];
