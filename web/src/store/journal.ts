// The journal of this station: what was about to be done and what was done, on disk before the next step is taken, so that a crash leaves the truth behind.
// Append-only and chained (chain.ts). All that is to be written while the disk is busy goes into one transaction (group commit), so lanes do not wait for
// each other. What the entries mean is said in attempt.ts and order.ts.
import type { Attempt, NewAttempt, StepBody, StepEntry } from './attempt.ts';
import { outcomeOf } from './attempt.ts';
import { type EntryKey, GENESIS, link, STATION_CHAIN, type StoredEntry, setApart, type Unlinked } from './chain.ts';
import type { Database, Transaction } from './database.ts';
import type { OrderEvent, UnitRow } from './order.ts';
import { attemptsBelow, lastAttempt, readAttempt, tailOf } from './reading.ts';

/** What is written in the same breath as a step. */
export interface Beside {
  /** JSON text of the signed head of the AS's audit log that came with the last of the steps. */
  readonly auditHead?: string | undefined;
  /** Where the unit stands in its work order now. */
  readonly unit?: UnitRow | undefined;
}

/** What is known of an attempt that is being written. */
interface Known {
  readonly chain: number;
  readonly steps: readonly StepBody[];
}

/** What is to be on disk at once. */
interface Write {
  /** Of the attempt; undefined for a new one, none for an event. */
  readonly attempt?: number | undefined;
  readonly begin?: NewAttempt;
  readonly steps: readonly StepBody[];
  readonly event?: { readonly chain: number; readonly body: OrderEvent };
  readonly beside: Beside;
  readonly at: number;
  readonly resolve: (attempt: number) => void;
  readonly reject: (error: unknown) => void;
}

/** Another page of this station wrote meanwhile: so often it is tried again. */
const MOST_TRIES = 20;

/** Every method throws ProtocolError journal-full, journal-failed. */
export class Journal {
  readonly #database: Database;
  readonly #session: string;
  readonly #now: () => Date;
  #waiting: Write[] = [];
  #isWriting = false;
  /** As of this page's last write; whether another page wrote since is seen by the key that is taken then. */
  #tails = new Map<number, { seq: number; hash: Uint8Array }>();
  #known = new Map<number, Known>();
  #lastId: number | undefined;

  /** `session` names this page among the tabs (sessions.ts). */
  constructor(database: Database, session: string, now: () => Date) {
    this.#database = database;
    this.#session = session;
    this.#now = now;
  }

  /** Resolves with the attempt's id once it is on disk, with its first steps. */
  begin(attempt: NewAttempt, steps: readonly StepBody[] = [], beside: Beside = {}): Promise<number> {
    return this.#write({ begin: attempt, steps, beside });
  }

  /** Resolves once the steps are on disk. @throws RangeError for an attempt that was never begun */
  async append(attempt: number, steps: StepBody | readonly StepBody[], beside: Beside = {}): Promise<void> {
    await this.#write({ attempt, steps: 'step' in steps ? [steps] : steps, beside });
  }

  /** Something that befell a work order. */
  async note(order: number, body: OrderEvent, unit?: UnitRow): Promise<void> {
    await this.#write({ steps: [], event: { chain: order, body }, beside: { unit } });
  }

  get(attempt: number): Promise<Attempt | undefined> {
    return this.#database.run(['entries'], 'readonly', (transaction) => readAttempt(transaction, attempt));
  }

  /** Newest first, those with an id below `before`, at most `limit`. */
  list(limit: number, before = Number.POSITIVE_INFINITY): Promise<readonly Attempt[]> {
    return this.#database.run(['entries'], 'readonly', (transaction) => attemptsBelow(transaction, before, limit));
  }

  /**
   * At load: marks what a page left running that is no more; `liveSessions` are the pages that are there, this one among them.
   * Returns how many there were.
   */
  async recover(liveSessions: ReadonlySet<string>): Promise<number> {
    const left = await this.#database.run(['entries', 'open'], 'readonly', async (transaction) => {
      const open = await transaction.objectStore('open').getAll();
      const gone = open.filter(({ session }) => !liveSessions.has(session));
      const attempts = await Promise.all(gone.map(({ attempt }) => readAttempt(transaction, attempt)));
      return attempts.filter((attempt) => attempt?.outcome === 'running');
    });
    await Promise.all(left.map((attempt) => attempt && this.append(attempt.id, INTERRUPTION)));
    return left.length;
  }

  /** The attempts that settle() is to look at, 'unknown' or 'unverified', oldest first. */
  unsettled(): Promise<readonly Attempt[]> {
    return this.#database.run(['entries', 'open'], 'readonly', async (transaction) => {
      const open = await transaction.objectStore('open').getAllKeys();
      const attempts = await Promise.all(open.map((attempt) => readAttempt(transaction, attempt)));
      return attempts.filter((attempt) => attempt !== undefined).filter(isUnsettled);
    });
  }

  #write(write: Pick<Write, 'attempt' | 'begin' | 'steps' | 'event' | 'beside'>): Promise<number> {
    const at = this.#now().getTime();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...write, at, resolve, reject });
      if (!this.#isWriting) void this.#flush();
    });
  }

  async #flush(): Promise<void> {
    this.#isWriting = true;
    await undefined; // what is asked for in the same turn goes into the same transaction
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        const ids = await this.#commit(batch);
        batch.forEach(({ resolve }, index) => {
          resolve(ids[index] ?? 0);
        });
      } catch (error) {
        this.#forget();
        for (const { reject } of batch) reject(error);
      }
    }
    this.#isWriting = false;
  }

  async #commit(batch: readonly Write[]): Promise<readonly number[]> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#database.run(['entries', 'open', 'units'], 'readwrite', async (transaction) => {
          await this.#learn(transaction, batch);
          const requests: Promise<unknown>[] = [];
          const ids = batch.map((write) => this.#apply(transaction, write, requests));
          transaction.commit();
          await Promise.all(requests);
          return ids;
        });
      } catch (error) {
        this.#forget();
        if (!isTaken(error) || tries === MOST_TRIES) throw error;
      }
    }
  }

  /** Reads what this page does not know yet; a lane that goes on costs no reading. */
  async #learn(transaction: Transaction<'readwrite'>, batch: readonly Write[]): Promise<void> {
    for (const { attempt, begin, event } of batch) {
      if (begin) this.#lastId ??= await lastAttempt(transaction);
      if (attempt !== undefined && !this.#known.has(attempt)) {
        const read = await readAttempt(transaction, attempt);
        if (!read) throw new RangeError(`there is no attempt ${attempt}`);
        this.#known.set(attempt, { chain: read.order ?? STATION_CHAIN, steps: read.steps });
      }
      const known = attempt === undefined ? undefined : this.#known.get(attempt);
      const chain = known?.chain ?? begin?.order ?? event?.chain ?? STATION_CHAIN;
      if (!this.#tails.has(chain)) this.#tails.set(chain, await tailOf(transaction, chain));
    }
  }

  /** Only queues its requests: the browser carries them out in their order. */
  #apply(transaction: Transaction<'readwrite'>, write: Write, requests: Promise<unknown>[]): number {
    const { begin, event, steps, beside, at } = write;
    const add = (chain: number, entry: Unlinked): void => {
      const linked = this.#link(chain, entry);
      requests.push(transaction.objectStore('entries').add(linked.entry, linked.key));
    };
    if (event) {
      add(event.chain, { at, body: event.body });
      if (beside.unit) requests.push(transaction.objectStore('units').put(beside.unit));
      return 0;
    }
    const id = write.attempt ?? this.#nextId();
    const open = transaction.objectStore('open');
    if (beside.unit) requests.push(transaction.objectStore('units').put({ ...beside.unit, attempt: id }));
    if (begin) {
      this.#known.set(id, { chain: begin.order ?? STATION_CHAIN, steps: [] });
      add(begin.order ?? STATION_CHAIN, { of: [id, 0], at, body: { step: 'begin', ...begin } });
      requests.push(open.add({ attempt: id, session: this.#session }));
    }
    const before = this.#known.get(id);
    if (!before) throw new TypeError(`attempt ${id} was not learned`);
    steps.forEach((step, offset) => {
      const isLast = offset === steps.length - 1;
      const kept = setApart(step, isLast ? beside.auditHead : undefined);
      add(before.chain, { of: [id, before.steps.length + offset + 1], at, ...kept });
    });
    const after = [...before.steps, ...steps];
    this.#known.set(id, { chain: before.chain, steps: after });
    const outcome = outcomeOf(after);
    if (outcome === 'done' || outcome === 'failed') {
      requests.push(open.delete(id));
      this.#known.delete(id);
    }
    return id;
  }

  #link(chain: number, unlinked: Unlinked): { readonly key: [number, number]; readonly entry: StoredEntry } {
    const tail = this.#tails.get(chain) ?? { seq: -1, hash: GENESIS };
    const key: EntryKey & [number, number] = [chain, tail.seq + 1];
    const entry = link(tail.hash, key, unlinked);
    this.#tails.set(chain, { seq: key[1], hash: entry.hash });
    return { key, entry };
  }

  #nextId(): number {
    this.#lastId = (this.#lastId ?? 0) + 1;
    return this.#lastId;
  }

  #forget(): void {
    this.#tails.clear();
    this.#known.clear();
    this.#lastId = undefined;
  }
}

const INTERRUPTION: StepBody = { step: 'interruption', state: 'confirmed' };

function isUnsettled({ outcome }: Attempt): boolean {
  return outcome === 'unknown' || outcome === 'unverified';
}

/** The key that this page wanted was taken by another one. */
function isTaken(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof DOMException && error.cause.name === 'ConstraintError';
}

export type { StepEntry };
