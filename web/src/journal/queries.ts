// Reads the journal's entries by key range, so that the cost depends only on the size of the
// result.
import { equalBytes } from '#protocol/bytes/bytes.ts';
import { type Attempt, type AttemptRecord, outcomeOf, type StepBody, type StepEntry } from './attempt.ts';
import { EMPTY_CHAIN, type Entry, type Tail, unpackStep } from './chain.ts';
import type { Transaction } from './database.ts';

type Mode = 'readonly' | 'readwrite';

function ofAttempt(attempt: number): IDBKeyRange {
  return IDBKeyRange.bound([attempt, 0], [attempt, Number.POSITIVE_INFINITY]);
}

export async function readAttempt<M extends Mode>(
  transaction: Transaction<M>,
  attempt: number,
): Promise<Attempt | undefined> {
  return assemble(await entriesOf(transaction, attempt));
}

/** Returns the entries of an attempt in order. The result is empty if the attempt is unknown. */
export async function entriesOf<M extends Mode>(
  transaction: Transaction<M>,
  attempt: number,
): Promise<readonly Entry[]> {
  const batches = await transaction.objectStore('batches').index('attempt').getAll(ofAttempt(attempt));
  return batches.flatMap(({ entries }) => entries.filter(({ of }) => of?.[0] === attempt));
}

/** Whether the chain still has its first entry. Reads only the key of a database record. */
export async function hasBeginning<M extends Mode>(transaction: Transaction<M>, chain: number): Promise<boolean> {
  return (await transaction.objectStore('batches').getKey([chain, 0])) !== undefined;
}

/** Whether a record of the chain ends at `tail`. */
export async function hasTail<M extends Mode>(
  transaction: Transaction<M>,
  chain: number,
  tail: Tail,
): Promise<boolean> {
  const range = IDBKeyRange.bound([chain, 0], [chain, tail.seq]);
  const cursor = await transaction.objectStore('batches').openCursor(range, 'prev');
  if (!cursor) return false;
  const { entries, hash } = cursor.value;
  return (cursor.key as [number, number])[1] + entries.length - 1 === tail.seq && equalBytes(hash, tail.hash);
}

/** Returns the highest attempt id below `before`, or 0 if there is none. */
export async function lastAttempt<M extends Mode>(
  transaction: Transaction<M>,
  before = Number.POSITIVE_INFINITY,
): Promise<number> {
  const range = before === Number.POSITIVE_INFINITY ? undefined : IDBKeyRange.upperBound([before, 0], true);
  const cursor = await transaction.objectStore('batches').index('attempt').openKeyCursor(range, 'prev');
  return (cursor?.key as [number, number] | undefined)?.[0] ?? 0;
}

/**
 * Returns at most `limit` attempts with ids below `before`, newest first. Reads consecutive ids
 * first, because ids have gaps only after a loss of the journal.
 */
export async function attemptsBelow<M extends Mode>(
  transaction: Transaction<M>,
  before: number,
  limit: number,
): Promise<readonly Attempt[]> {
  const newest = await lastAttempt(transaction, before);
  const ids = Array.from({ length: Math.min(limit, newest) }, (_, offset) => newest - offset);
  const attempts = await Promise.all(ids.map((id) => readAttempt(transaction, id)));
  const found = attempts.filter((attempt) => attempt !== undefined);
  const oldest = found.at(-1)?.id ?? 0;
  for (let id = oldest; id > 0 && found.length < limit; ) {
    id = await lastAttempt(transaction, id);
    const attempt = id > 0 ? await readAttempt(transaction, id) : undefined;
    if (attempt) found.push(attempt);
  }
  return found;
}

/** Returns the end of a chain. */
export async function tailOf<M extends Mode>(transaction: Transaction<M>, chain: number): Promise<Tail> {
  const range = IDBKeyRange.bound([chain, 0], [chain, Number.POSITIVE_INFINITY]);
  const cursor = await transaction.objectStore('batches').openCursor(range, 'prev');
  if (!cursor) return EMPTY_CHAIN;
  const { entries, hash } = cursor.value;
  return { seq: (cursor.key as [number, number])[1] + entries.length - 1, hash };
}

export function assemble(entries: readonly Entry[]): Attempt | undefined {
  const [first, ...rest] = entries;
  if (first?.of === undefined || first.body.step !== 'begin') return undefined;
  const { step: _, ...attempt } = first.body;
  const [id] = first.of;
  const record: AttemptRecord = { ...attempt, id, startedAt: iso(first.at) };
  const steps = rest.map((entry) => ({
    ...unpackStep(entry.body as StepBody, entry.signed),
    attempt: id,
    index: (entry.of?.[1] ?? 0) - 1,
    at: iso(entry.at),
  })) as readonly StepEntry[]; // all entries after the first are steps
  return { ...record, steps, outcome: outcomeOf(steps) };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
