// The journal of this station: what was about to be done and what was done, on disk before the next step is taken, so that a crash
// leaves the truth behind. Append-only: no record is ever changed. What the records mean is said in attempt.ts.
import type { Attempt, AttemptRecord, NewAttempt, StepBody, StepEntry } from './attempt.ts';
import { outcomeOf } from './attempt.ts';
import type { Database, Transaction } from './database.ts';

/** Every method throws ProtocolError journal-full, journal-failed. */
export class Journal {
  readonly #database: Database;
  readonly #session: string;
  readonly #now: () => Date;

  /** `session` names this page among the tabs (sessions.ts). */
  constructor(database: Database, session: string, now: () => Date) {
    this.#database = database;
    this.#session = session;
    this.#now = now;
  }

  /** Resolves with the attempt's id once it is on disk. */
  begin(attempt: NewAttempt): Promise<number> {
    const record = { ...attempt, startedAt: this.#now().toISOString(), session: this.#session };
    return this.#database.run(['attempts', 'open'], 'readwrite', async (transaction) => {
      // The store gives the id, which its key path then puts into the record.
      const id = await transaction.objectStore('attempts').add(record as AttemptRecord);
      await transaction.objectStore('open').add({ attempt: id, session: this.#session });
      return id;
    });
  }

  /** Resolves once the step is on disk. `auditHead` is the JSON text of the signed head that came with it. */
  append(attempt: number, step: StepBody, auditHead?: string): Promise<void> {
    return this.#database.run(['steps', 'open'], 'readwrite', (transaction) =>
      this.#append(transaction, attempt, step, auditHead),
    );
  }

  get(attempt: number): Promise<Attempt | undefined> {
    return this.#database.run(['attempts', 'steps'], 'readonly', (transaction) => read(transaction, attempt));
  }

  /** Newest first, those with an id below `before`, at most `limit`. */
  list(limit: number, before = Number.POSITIVE_INFINITY): Promise<readonly Attempt[]> {
    return this.#database.run(['attempts', 'steps'], 'readonly', async (transaction) => {
      const records: AttemptRecord[] = [];
      const range = IDBKeyRange.upperBound(before, true);
      let cursor = await transaction.objectStore('attempts').openCursor(range, 'prev');
      for (; cursor && records.length < limit; cursor = await cursor.continue()) records.push(cursor.value);
      return await Promise.all(records.map((record) => complete(transaction, record)));
    });
  }

  /**
   * At load: marks what a page left running that is no more; `liveSessions` are the pages that are there, this one among them.
   * Returns how many there were.
   */
  recover(liveSessions: ReadonlySet<string>): Promise<number> {
    return this.#database.run(['attempts', 'steps', 'open'], 'readwrite', async (transaction) => {
      let count = 0;
      for (const { attempt, session } of await transaction.objectStore('open').getAll()) {
        if (liveSessions.has(session)) continue;
        if ((await read(transaction, attempt))?.outcome !== 'running') continue;
        await this.#append(transaction, attempt, { step: 'interruption', state: 'confirmed' });
        count++;
      }
      return count;
    });
  }

  /** The attempts that settle() is to look at, 'unknown' or 'unverified', oldest first. */
  unsettled(): Promise<readonly Attempt[]> {
    return this.#database.run(['attempts', 'steps', 'open'], 'readonly', async (transaction) => {
      const open = await transaction.objectStore('open').getAllKeys();
      const attempts = await Promise.all(open.map((attempt) => read(transaction, attempt)));
      return attempts.filter((attempt) => attempt !== undefined).filter(isUnsettled);
    });
  }

  async #append(
    transaction: Transaction<'readwrite'>,
    attempt: number,
    step: StepBody,
    auditHead?: string,
  ): Promise<void> {
    const entries = await stepsOf(transaction, attempt);
    const known = { attempt, index: entries.length, at: this.#now().toISOString() };
    const entry: StepEntry = { ...step, ...known, ...(auditHead === undefined ? {} : { auditHead }) };
    await transaction.objectStore('steps').add(entry);
    const outcome = outcomeOf([...entries, entry]);
    if (outcome === 'done' || outcome === 'failed') await transaction.objectStore('open').delete(attempt);
  }
}

function isUnsettled({ outcome }: Attempt): boolean {
  return outcome === 'unknown' || outcome === 'unverified';
}

type Mode = 'readonly' | 'readwrite';

function stepsOf<M extends Mode>(transaction: Transaction<M>, attempt: number): Promise<StepEntry[]> {
  const range = IDBKeyRange.bound([attempt, 0], [attempt, Number.POSITIVE_INFINITY]);
  return transaction.objectStore('steps').getAll(range);
}

async function complete<M extends Mode>(transaction: Transaction<M>, record: AttemptRecord): Promise<Attempt> {
  const steps = await stepsOf(transaction, record.id);
  return { ...record, steps, outcome: outcomeOf(steps) };
}

async function read<M extends Mode>(transaction: Transaction<M>, attempt: number): Promise<Attempt | undefined> {
  const record = await transaction.objectStore('attempts').get(attempt);
  return record && (await complete(transaction, record));
}
