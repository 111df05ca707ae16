// The journal of this station: what may be done, on disk before it can be, and what was done, so that a crash leaves the truth behind.
// Append-only and chained (chain.ts). All that is to be written while the disk is busy goes into one transaction (group commit), so lanes do not wait for
// each other. What the entries mean is said in attempt.ts and order.ts.
import { ProtocolError } from '#protocol/errors.ts';
import type { Attempt, NewAttempt, StepBody, StepEntry } from './attempt.ts';
import { outcomeOf } from './attempt.ts';
import { STATION_CHAIN, setApart, type Tail } from './chain.ts';
import { Commit } from './commit.ts';
import type { Database, Transaction } from './database.ts';
import type { OrderEvent, UnitRow } from './order-record.ts';
import { attemptsBelow, lastAttempt, readAttempt, tailOf } from './queries.ts';

/** What is written in the same breath as a step. */
export interface Beside {
  /** JSON text of the signed head of the AS's audit log that came with the last of the steps. */
  readonly auditHead?: string | undefined;
  /** Where the unit stands in its work order now. */
  readonly unit?: UnitRow | undefined;
  /**
   * now     the caller cannot go on before it is on disk
   * soon    it may wait for another write, or until somebody hastens
   * report  the same, and what it tells is so already: a power cut (no crash) may take back the last of these
   */
  readonly haste?: 'now' | 'soon' | 'report';
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
  readonly after?: number | undefined;
  readonly event?: { readonly chain: number; readonly body: OrderEvent };
  readonly beside: Beside;
  readonly at: number;
  readonly resolve: (attempt: number) => void;
  readonly reject: (error: unknown) => void;
}

/** What may wait does so for this many ms at most; in a hidden tab, whose timers the browser slows down, for a second. */
const SOON_MS = 5;

/** Another page of this station wrote meanwhile: so often it is tried again. */
const MAX_TRIES = 20;

/** Every method throws ProtocolError journal-full, journal-failed. */
export class Journal {
  readonly #database: Database;
  readonly #session: string;
  readonly #now: () => Date;
  #waiting: Write[] = [];
  #isWriting = false;
  /** Somebody waits for what may wait. */
  #isHastened = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** As of this page's last write; whether another page wrote since is seen by the key that is taken then. */
  #tails = new Map<number, Tail>();
  #known = new Map<number, Known>();
  #lastId: number | undefined;
  /** What this page has begun or taken over, as long as its outcome is not final. */
  #open: ReadonlySet<number> = new Set();

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

  /**
   * Resolves once the steps are on disk. @throws RangeError for an attempt that was never begun
   * @param after how many steps of the attempt have to stand there already: without them these are refused, so that an attempt has no gap
   */
  async append(
    attempt: number,
    steps: StepBody | readonly StepBody[],
    beside: Beside = {},
    after?: number,
  ): Promise<void> {
    await this.#write({ attempt, steps: 'step' in steps ? [steps] : steps, beside, after });
  }

  /** Something that befell a work order. */
  async note(order: number, body: OrderEvent, unit?: UnitRow): Promise<void> {
    await this.#write({ steps: [], event: { chain: order, body }, beside: { unit } });
  }

  /** Whatever waits is written now. */
  flush(): void {
    this.#isHastened = this.#waiting.length > 0;
    this.#start();
  }

  get(attempt: number): Promise<Attempt | undefined> {
    return this.#database.run(['batches'], 'readonly', (transaction) => readAttempt(transaction, attempt));
  }

  /** Newest first, those with an id below `before`, at most `limit`. */
  list(limit: number, before = Number.POSITIVE_INFINITY): Promise<readonly Attempt[]> {
    return this.#database.run(['batches'], 'readonly', (transaction) => attemptsBelow(transaction, before, limit));
  }

  /**
   * At load, before anything is begun: marks what a page left running that is no more, and takes over what it left open; `liveSessions`
   * are the pages that are there, this one among them. Returns how many were running.
   */
  async recover(liveSessions: ReadonlySet<string>): Promise<number> {
    const left = await this.#database.run(['batches', 'open'], 'readonly', async (transaction) => {
      const open = await transaction.objectStore('open').getAll();
      const gone = open.filter(({ session }) => !liveSessions.has(session)).flatMap(({ attempts }) => attempts);
      const attempts = await Promise.all(gone.map((attempt) => readAttempt(transaction, attempt)));
      return attempts.filter((attempt) => attempt?.outcome === 'running');
    });
    await Promise.all(left.map((attempt) => attempt && this.append(attempt.id, INTERRUPTION)));
    this.#open = await this.#database.run(['batches', 'open'], 'readwrite', async (transaction) => {
      const store = transaction.objectStore('open');
      const open = await store.getAll();
      const gone = open.filter(({ session }) => !liveSessions.has(session));
      if (gone.length === 0) return this.#open;
      const ids = gone.flatMap(({ attempts }) => attempts);
      const attempts = await Promise.all(ids.map((id) => readAttempt(transaction, id)));
      const kept = attempts.flatMap((attempt) => (attempt && isUnsettled(attempt) ? [attempt.id] : []));
      for (const { session } of gone) await store.delete(session);
      await store.put({ session: this.#session, attempts: [...this.#open, ...kept] });
      return new Set([...this.#open, ...kept]);
    });
    return left.length;
  }

  /** The attempts that settle() is to look at, 'unknown' or 'unverified', oldest first. */
  unsettled(): Promise<readonly Attempt[]> {
    return this.#database.run(['batches', 'open'], 'readonly', async (transaction) => {
      const open = await transaction.objectStore('open').getAll();
      const others = open.flatMap(({ session, attempts }) => (session === this.#session ? [] : attempts));
      const ids = [...this.#open, ...others].filter((id) => !this.#isRunning(id)).sort((a, b) => a - b);
      const attempts = await Promise.all(ids.map((id) => readAttempt(transaction, id)));
      return attempts.filter((attempt) => attempt !== undefined).filter(isUnsettled);
    });
  }

  /** As far as this page knows without reading. */
  #isRunning(attempt: number): boolean {
    const known = this.#known.get(attempt);
    return known !== undefined && outcomeOf(known.steps) === 'running';
  }

  #write(write: Pick<Write, 'attempt' | 'begin' | 'steps' | 'after' | 'event' | 'beside'>): Promise<number> {
    const at = this.#now().getTime();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...write, at, resolve, reject });
      this.#start();
    });
  }

  /** Writes what is waiting, now or soon, unless a write is under way, after which this is asked again. */
  #start(): void {
    if (this.#isWriting || this.#waiting.length === 0) return;
    if (!this.#isHastened && this.#waiting.every(mayWait)) {
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
    await undefined; // what is asked for in the same turn goes into the same transaction
    const batch = this.#waiting;
    this.#waiting = [];
    this.#isHastened = false;
    try {
      const ids = await this.#commit(batch);
      batch.forEach(({ resolve, reject }, index) => {
        const id = ids[index];
        if (id === undefined) reject(new ProtocolError('journal-failed', 'what stands before it was not written'));
        else resolve(id);
      });
    } catch (error) {
      this.#forget();
      for (const { reject } of batch) reject(error);
    }
    this.#isWriting = false;
    this.#start();
  }

  /** For each write the attempt's id; undefined where it would have left a gap, and was not written. */
  async #commit(batch: readonly Write[]): Promise<readonly (number | undefined)[]> {
    const durability = batch.every(({ beside }) => beside.haste === 'report') ? 'relaxed' : 'strict';
    for (let tries = 1; ; tries++) {
      try {
        const write = async (transaction: Transaction<'readwrite'>) => {
          await this.#learn(transaction, batch);
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
        this.#forget();
        if (!isTaken(error) || tries === MAX_TRIES) throw error;
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

  /** Adds to what is to be written; nothing is asked of the disk yet. */
  #apply(commit: Commit, { begin, event, steps, beside, at, attempt, after }: Write): number | undefined {
    if (event) {
      commit.add(event.chain, { at, body: event.body });
      if (beside.unit) commit.units.push(beside.unit);
      return 0;
    }
    const id = attempt ?? this.#nextId();
    if (after !== undefined && this.#known.get(id)?.steps.length !== after) return undefined;
    if (beside.unit) commit.units.push({ ...beside.unit, attempt: id });
    if (begin) {
      this.#known.set(id, { chain: begin.order ?? STATION_CHAIN, steps: [] });
      commit.add(begin.order ?? STATION_CHAIN, { of: [id, 0], at, body: { step: 'begin', ...begin } });
      commit.begin(id);
    }
    const before = this.#known.get(id);
    if (!before) throw new TypeError(`attempt ${id} was not learned`);
    steps.forEach((step, offset) => {
      const isLast = offset === steps.length - 1;
      const kept = setApart(step, isLast ? beside.auditHead : undefined);
      commit.add(before.chain, { of: [id, before.steps.length + offset + 1], at, ...kept });
    });
    const all = [...before.steps, ...steps];
    this.#known.set(id, { chain: before.chain, steps: all });
    const outcome = outcomeOf(all);
    if (outcome === 'done' || outcome === 'failed') {
      commit.open.delete(id);
      this.#known.delete(id);
    }
    return id;
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

function mayWait({ beside: { haste = 'now' } }: Write): boolean {
  return haste !== 'now';
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
