// Converts the records of databases of versions 1 and 2. Loaded only for such a database.
import type { IDBPTransaction } from 'idb';
import type { Bytes } from '#protocol/bytes/bytes.ts';
import type { AttemptRecord, NewAttempt, StepBody } from './attempt.ts';
import { batchOf, type Entry, GENESIS, hashOf, packStep, STATION_CHAIN } from './chain.ts';

type Upgrade = IDBPTransaction<unknown, string[], 'versionchange'>;

/** An attempt in version 1. */
type OldAttempt = NewAttempt & Pick<AttemptRecord, 'id' | 'startedAt'> & { readonly session: string };
type OldStep = StepBody & {
  readonly attempt: number;
  readonly index: number;
  readonly at: string;
  readonly auditHead?: string;
  readonly export?: unknown;
};

/** Copies attempts and steps of version 1 into the hash-chained entries of version 2. */
export async function chainAttempts(transaction: Upgrade): Promise<void> {
  const entries = transaction.objectStore('entries');
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
}

/**
 * Record of a journal of version 2: an attempt that has no final outcome, with the id of the page
 * session that began it.
 */
interface OldOpen {
  readonly attempt: number;
  readonly session: string;
}

/** An entry in version 2. Its key contains the chain and the number of the entry. */
type OldEntry = Entry & { readonly hash: Bytes };

/** The open attempts of one page in version 3. */
interface OpenOfPage {
  readonly session: string;
  readonly attempts: readonly number[];
}

/** Maximum number of entries in memory during the migration. */
const MIGRATION_PAGE = 2000;
/** Maximum number of entries in a migrated record. */
const MAX_BATCH_SIZE = 32;

/** Copies the entries of version 2 into the records of version 3, one per chain and commit. */
export async function batchEntries(transaction: Upgrade): Promise<void> {
  const batches = transaction.objectStore('batches');
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
}

/** Returns the open attempts of version 2 as version 3 lists them, by page. */
export async function openBySession(transaction: Upgrade): Promise<OpenOfPage[]> {
  const bySession = new Map<string, number[]>();
  for (const { attempt, session } of (await transaction.objectStore('open').getAll()) as OldOpen[]) {
    bySession.set(session, [...(bySession.get(session) ?? []), attempt]);
  }
  return [...bySession].map(([session, attempts]) => ({ session, attempts }));
}
