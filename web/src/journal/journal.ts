// The append-only journal of this station (docs/adr/0021, 0033). Stores an intention before the act
// and its result afterwards, so that it is correct after a crash. Entries that wait while the disk
// is busy share one transaction (group commit), so that lanes do not wait for each other.
import { ProtocolError } from '#protocol/errors.ts';
import type { Attempt, NewAttempt, StepBody } from './attempt.ts';
import { outcomeOf } from './attempt.ts';
import { packStep, STATION_CHAIN, type Tail } from './chain.ts';
import { Commit } from './commit.ts';
import type { Database, Transaction } from './database.ts';
import type { OrderEvent, UnitRow } from './order-record.ts';
import { attemptsBelow, lastAttempt, readAttempt, tailOf } from './queries.ts';

/** What to write in the same transaction as the steps, and when. */
export interface WriteOptions {
  /** JSON text of the signed audit head that the AS sent with the last step. */
  readonly auditHead?: string | undefined;
  /** The unit's new row in its work order. */
  readonly unit?: UnitRow | undefined;
  /**
   * now     write at once (default)
   * soon    write with the next entry, on flush(), or after a few milliseconds
   * report  as soon, with relaxed durability: a power cut, but no crash, may lose the last of these
   */
  readonly urgency?: 'now' | 'soon' | 'report';
}

/** An attempt that this page is writing. */
interface AttemptState {
  readonly chain: number;
  readonly steps: readonly StepBody[];
}

/** A queued write, which is committed as a whole. */
interface Write {
  /** Id of the attempt. Absent for a new attempt and for an event. */
  readonly attempt?: number | undefined;
  readonly begin?: NewAttempt;
  readonly steps: readonly StepBody[];
  readonly after?: number | undefined;
  readonly event?: { readonly chain: number; readonly body: OrderEvent };
  readonly options: WriteOptions;
  readonly at: number;
  readonly resolve: (attempt: number) => void;
  readonly reject: (error: unknown) => void;
}

/** Maximum delay of a write that is not urgent. Browsers extend it to a second in a hidden tab. */
const SOON_MS = 5;

/** Maximum of tries for one commit. A try fails when another page has written to the same chain. */
const MAX_TRIES = 20;

/** Every method throws ProtocolError journal-full, journal-failed. */
export class Journal {
  readonly #database: Database;
  readonly #session: string;
  readonly #now: () => Date;
  #pending: Write[] = [];
  #isWriting = false;
  #isFlushRequested = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Ends of the chains after this page's last write. Stale if another page has written since. */
  #tails = new Map<number, Tail>();
  #attempts = new Map<number, AttemptState>();
  #lastId: number | undefined;
  /** Attempts without a final outcome that this page has begun or taken over. */
  #open: ReadonlySet<number> = new Set();

  /** `session` identifies this page among the tabs (sessions.ts). */
  constructor(database: Database, session: string, now: () => Date) {
    this.#database = database;
    this.#session = session;
    this.#now = now;
  }

  /** Begins an attempt and resolves with its id when it and its first steps are on disk. */
  begin(attempt: NewAttempt, steps: readonly StepBody[] = [], options: WriteOptions = {}): Promise<number> {
    return this.#write({ begin: attempt, steps, options });
  }

  /**
   * Appends steps to an attempt and resolves when they are on disk.
   * @param after the number of earlier steps. The journal refuses the steps unless all of these are
   *   written, so that an attempt has no gap.
   * @throws ProtocolError journal-failed after a refusal
   * @throws RangeError for an unknown attempt
   */
  async append(
    attempt: number,
    steps: StepBody | readonly StepBody[],
    options: WriteOptions = {},
    after?: number,
  ): Promise<void> {
    await this.#write({ attempt, steps: 'step' in steps ? [steps] : steps, options, after });
  }

  /** Appends an event of a work order. */
  async note(orderChain: number, body: OrderEvent, unit?: UnitRow): Promise<void> {
    await this.#write({ steps: [], event: { chain: orderChain, body }, options: { unit } });
  }

  /** Writes all queued entries now. */
  flush(): void {
    this.#isFlushRequested = this.#pending.length > 0;
    this.#start();
  }

  get(attempt: number): Promise<Attempt | undefined> {
    return this.#database.run(['batches'], 'readonly', (transaction) => readAttempt(transaction, attempt));
  }

  /** Returns at most `limit` attempts with ids below `before`, newest first. */
  list(limit: number, before = Number.POSITIVE_INFINITY): Promise<readonly Attempt[]> {
    return this.#database.run(['batches'], 'readonly', (transaction) => attemptsBelow(transaction, before, limit));
  }

  /**
   * Marks the running attempts of closed pages as interrupted, and takes over those without a final
   * outcome. The caller calls it at page load, before it begins an attempt.
   * @param liveSessions ids of the open pages, including this one
   * @returns the number of interrupted attempts
   */
  async recover(liveSessions: ReadonlySet<string>): Promise<number> {
    const interrupted = await this.#database.run(['batches', 'open'], 'readonly', async (transaction) => {
      const open = await transaction.objectStore('open').getAll();
      const ids = open.filter(({ session }) => !liveSessions.has(session)).flatMap(({ attempts }) => attempts);
      const attempts = await Promise.all(ids.map((attempt) => readAttempt(transaction, attempt)));
      return attempts.filter((attempt) => attempt?.outcome === 'running');
    });
    await Promise.all(interrupted.map((attempt) => attempt && this.append(attempt.id, INTERRUPTION)));
    this.#open = await this.#database.run(['batches', 'open'], 'readwrite', async (transaction) => {
      const store = transaction.objectStore('open');
      const open = await store.getAll();
      const closed = open.filter(({ session }) => !liveSessions.has(session));
      if (closed.length === 0) return this.#open;
      const ids = closed.flatMap(({ attempts }) => attempts);
      const attempts = await Promise.all(ids.map((id) => readAttempt(transaction, id)));
      const unsettled = attempts.flatMap((attempt) => (attempt && isUnsettled(attempt) ? [attempt.id] : []));
      for (const { session } of closed) await store.delete(session);
      await store.put({ session: this.#session, attempts: [...this.#open, ...unsettled] });
      return new Set([...this.#open, ...unsettled]);
    });
    return interrupted.length;
  }

  /** Returns the attempts to settle ('unknown' or 'unverified'), oldest first. */
  unsettled(): Promise<readonly Attempt[]> {
    return this.#database.run(['batches', 'open'], 'readonly', async (transaction) => {
      const open = await transaction.objectStore('open').getAll();
      const others = open.flatMap(({ session, attempts }) => (session === this.#session ? [] : attempts));
      const ids = [...this.#open, ...others].filter((id) => !this.#isRunning(id)).sort((a, b) => a - b);
      const attempts = await Promise.all(ids.map((id) => readAttempt(transaction, id)));
      return attempts.filter((attempt) => attempt !== undefined).filter(isUnsettled);
    });
  }

  /** Reads only the cache. */
  #isRunning(attempt: number): boolean {
    const state = this.#attempts.get(attempt);
    return state !== undefined && outcomeOf(state.steps) === 'running';
  }

  #write(write: Pick<Write, 'attempt' | 'begin' | 'steps' | 'after' | 'event' | 'options'>): Promise<number> {
    const at = this.#now().getTime();
    return new Promise((resolve, reject) => {
      this.#pending.push({ ...write, at, resolve, reject });
      this.#start();
    });
  }

  /** Schedules the queued writes. A running write calls it again when it ends. */
  #start(): void {
    if (this.#isWriting || this.#pending.length === 0) return;
    if (!this.#isFlushRequested && this.#pending.every(isDeferrable)) {
      this.#timer ??= setTimeout(() => void this.#flush(), SOON_MS);
    } else {
      void this.#flush();
    }
  }

  async #flush(): Promise<void> {
    if (this.#isWriting) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isWriting = true;
    await undefined; // collects the writes of the same turn
    const batch = this.#pending;
    this.#pending = [];
    this.#isFlushRequested = false;
    try {
      const ids = await this.#commit(batch);
      batch.forEach(({ resolve, reject }, index) => {
        const id = ids[index];
        if (id === undefined)
          reject(new ProtocolError('journal-failed', 'an earlier step of the attempt was not written'));
        else resolve(id);
      });
    } catch (error) {
      this.#clearCache();
      for (const { reject } of batch) reject(error);
    }
    this.#isWriting = false;
    this.#start();
  }

  /** Returns the attempt's id for each write, or undefined for a write that is refused. */
  async #commit(batch: readonly Write[]): Promise<readonly (number | undefined)[]> {
    const durability = batch.every(({ options }) => options.urgency === 'report') ? 'relaxed' : 'strict';
    for (let tries = 1; ; tries++) {
      try {
        const write = async (transaction: Transaction<'readwrite'>) => {
          await this.#load(transaction, batch);
          const commit = new Commit(this.#open);
          const ids = batch.map((each) => this.#apply(commit, each));
          const requests = commit.write(transaction, this.#session, this.#tails);
          transaction.commit();
          await Promise.all(requests);
          return { ids, open: commit.open };
        };
        const { ids, open } = await this.#database.run(['batches', 'open', 'units'], 'readwrite', write, durability);
        this.#open = open;
        return ids;
      } catch (error) {
        this.#clearCache();
        if (!isTaken(error) || tries === MAX_TRIES) throw error;
      }
    }
  }

  /** Reads what the cache lacks. Needs no read for a running load. */
  async #load(transaction: Transaction<'readwrite'>, batch: readonly Write[]): Promise<void> {
    for (const { attempt, begin, event } of batch) {
      if (begin) this.#lastId ??= await lastAttempt(transaction);
      if (attempt !== undefined && !this.#attempts.has(attempt)) {
        const read = await readAttempt(transaction, attempt);
        if (!read) throw new RangeError(`there is no attempt ${attempt}`);
        this.#attempts.set(attempt, { chain: read.order ?? STATION_CHAIN, steps: read.steps });
      }
      const state = attempt === undefined ? undefined : this.#attempts.get(attempt);
      const chain = state?.chain ?? begin?.order ?? event?.chain ?? STATION_CHAIN;
      if (!this.#tails.has(chain)) this.#tails.set(chain, await tailOf(transaction, chain));
    }
  }

  /** Adds a write to the commit, without a database request. */
  #apply(commit: Commit, { begin, event, steps, options, at, attempt, after }: Write): number | undefined {
    if (event) {
      commit.add(event.chain, { at, body: event.body });
      if (options.unit) commit.units.push(options.unit);
      return 0;
    }
    const id = attempt ?? this.#nextId();
    if (after !== undefined && this.#attempts.get(id)?.steps.length !== after) return undefined;
    if (options.unit) commit.units.push({ ...options.unit, attempt: id });
    if (begin) {
      this.#attempts.set(id, { chain: begin.order ?? STATION_CHAIN, steps: [] });
      commit.add(begin.order ?? STATION_CHAIN, { of: [id, 0], at, body: { step: 'begin', ...begin } });
      commit.begin(id);
    }
    const before = this.#attempts.get(id);
    if (!before) throw new TypeError(`attempt ${id} is not in the cache`);
    steps.forEach((step, offset) => {
      const isLast = offset === steps.length - 1;
      const parts = packStep(step, isLast ? options.auditHead : undefined);
      commit.add(before.chain, { of: [id, before.steps.length + offset + 1], at, ...parts });
    });
    const all = [...before.steps, ...steps];
    this.#attempts.set(id, { chain: before.chain, steps: all });
    const outcome = outcomeOf(all);
    if (outcome === 'done' || outcome === 'failed') {
      commit.open.delete(id);
      this.#attempts.delete(id);
    }
    return id;
  }

  #nextId(): number {
    this.#lastId = (this.#lastId ?? 0) + 1;
    return this.#lastId;
  }

  #clearCache(): void {
    this.#tails.clear();
    this.#attempts.clear();
    this.#lastId = undefined;
  }
}

function isDeferrable({ options: { urgency = 'now' } }: Write): boolean {
  return urgency !== 'now';
}

const INTERRUPTION: StepBody = { step: 'interruption', state: 'confirmed' };

function isUnsettled({ outcome }: Attempt): boolean {
  return outcome === 'unknown' || outcome === 'unverified';
}

/** True iff another page has used the key of the next record. */
function isTaken(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof DOMException && error.cause.name === 'ConstraintError';
}
