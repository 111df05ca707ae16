// The append-only journal of this station (docs/adr/0021, 0033). Writes an intended step before the
// page makes the change, and the result afterwards. The journal is thus correct after a crash.
// Entries that are queued during a write share the next transaction (group commit), so that lanes
// do not wait for each other.
import { ProtocolError } from '#protocol/errors.ts';
import type { Attempt, NewAttempt, StepBody } from './attempt.ts';
import { isUnsettled, outcomeOf } from './attempt.ts';
import { type Entry, packStep, STATION_CHAIN } from './chain.ts';
import { Commit } from './commit.ts';
import type { Database, Transaction } from './database.ts';
import { isTaken } from './indexed-db.ts';
import { JournalMemory, lostError, stepsOf } from './journal-memory.ts';
import type { OrderEvent, UnitRow } from './order-record.ts';
import { assemble, attemptsBelow, entriesOf, lastAttempt, readAttempt, tailOf } from './queries.ts';

/** What to write in the same transaction as the steps, and how urgently. */
export interface WriteOptions {
  /** JSON text of the signed audit head that the AS sent with the last step. */
  readonly auditHead?: string | undefined;
  /** The unit's new row in its work order. */
  readonly unit?: UnitRow | undefined;
  /**
   * now     write at once (default)
   * soon    write with the next entry, on flush(), or after a few milliseconds
   * report  like `soon`, with relaxed durability: a power cut may lose the entry, a crash may not
   */
  readonly urgency?: 'now' | 'soon' | 'report';
}

/** A queued write, which is committed as a whole. */
interface Write {
  /** Id of the attempt. Absent for a new attempt and for an event. */
  readonly attempt?: number | undefined;
  readonly begin?: NewAttempt;
  readonly steps: readonly StepBody[];
  readonly after?: number | undefined;
  readonly event?: { readonly chain: number; readonly body: OrderEvent };
  /** True for a write without entries, which only checks for a loss and records it. */
  readonly isCheck?: true;
  /** Ids of the open pages, for a write without entries that takes over the attempts of the others. */
  readonly liveSessions?: ReadonlySet<string>;
  readonly options: WriteOptions;
  readonly at: number;
  readonly resolve: (attempt: number) => void;
  readonly reject: (error: unknown) => void;
}

/** A try of a commit. It is on disk when its transaction has ended. */
interface Committed {
  readonly ids: readonly (number | ProtocolError)[];
  readonly memory: JournalMemory;
  readonly commit: Commit;
}

/** Maximum delay of a write that is not urgent. Browsers extend it to a second in a hidden tab. */
const SOON_MS = 5;

/** Maximum number of tries of a commit. A try fails if another page writes to the chain first. */
const MAX_TRIES = 20;

/** Every method may reject with ProtocolError journal-full or journal-failed. */
export class Journal {
  readonly #database: Database;
  readonly #session: string;
  readonly #now: () => Date;
  #pending: Write[] = [];
  #isWriting = false;
  #isFlushRequested = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #onFailure: () => void;
  /** Each successful commit replaces this object. */
  #memory = new JournalMemory();
  /** True if the memory may be stale: another page has written, or the connection was closed. */
  #isStale = false;

  /**
   * `session` identifies this page among the open tabs (sessions.ts). `onFailure` is called when a
   * commit detects that the journal was lost, and each time the browser or another tab closes the
   * database. `isLost` shows whether the journal was lost.
   */
  constructor(database: Database, session: string, now: () => Date, onFailure: () => void = () => undefined) {
    this.#database = database;
    this.#session = session;
    this.#now = now;
    this.#onFailure = onFailure;
    database.onClosed(() => void this.#reopen().catch(ignoreRefusal).then(onFailure));
  }

  /** Whether the journal was deleted or emptied while this page was open. */
  get isLost(): boolean {
    return this.#memory.ordersSinceLoss !== undefined;
  }

  /**
   * Returns the time (ISO 8601) at which a page found the previous journal lost. Undefined if this
   * journal does not begin with a loss.
   */
  async lostAt(): Promise<string | undefined> {
    const first = await this.#database.read(['batches'], (transaction) =>
      transaction.objectStore('batches').get([STATION_CHAIN, 0]),
    );
    const [entry] = first?.entries ?? [];
    return entry?.body.step === 'journal-lost' ? new Date(entry.at).toISOString() : undefined;
  }

  /** @throws ProtocolError journal-lost for the chain of an order that was opened before a loss */
  requireChain(chain: number): void {
    this.#memory.requireChain(chain);
  }

  /** Begins an attempt. Resolves with its id when the attempt and its first steps are on disk. */
  begin(attempt: NewAttempt, steps: readonly StepBody[] = [], options: WriteOptions = {}): Promise<number> {
    return this.#write({ begin: attempt, steps, options });
  }

  /**
   * Appends steps to an attempt and resolves when they are on disk.
   * @param after number of earlier steps. The journal refuses the new steps if it does not have
   *   exactly this number, so that an attempt has no gap.
   * @throws ProtocolError journal-failed for such a refusal
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

  async get(attempt: number): Promise<Attempt | undefined> {
    const read = (): Promise<Attempt | undefined> =>
      this.#database.read(['batches'], (transaction) => readAttempt(transaction, attempt));
    const found = await read();
    if (found || !this.#memory.attempts.has(attempt)) return found;
    await this.#reopen();
    return await read();
  }

  /** Returns at most `limit` attempts with ids below `before`, newest first. */
  list(limit: number, before = Number.POSITIVE_INFINITY): Promise<readonly Attempt[]> {
    return this.#database.read(['batches'], (transaction) => attemptsBelow(transaction, before, limit));
  }

  /**
   * Marks the running attempts of closed pages as interrupted, and takes over the attempts of
   * closed pages without a final outcome. Call it at page load, before begin().
   * @param liveSessions ids of the open pages, including this one
   * @returns the number of interrupted attempts
   */
  async recover(liveSessions: ReadonlySet<string>): Promise<number> {
    const interrupted = await this.#database.read(['batches', 'open'], async (transaction) => {
      const open = await transaction.objectStore('open').getAll();
      const ids = open.filter(({ session }) => !liveSessions.has(session)).flatMap(({ attempts }) => attempts);
      const attempts = await Promise.all(ids.map((attempt) => readAttempt(transaction, attempt)));
      return attempts.filter((attempt) => attempt?.outcome === 'running');
    });
    await Promise.all(interrupted.map((attempt) => attempt && this.append(attempt.id, INTERRUPTION)));
    await this.#write({ steps: [], liveSessions, options: {} });
    return interrupted.length;
  }

  /** Returns the attempts to settle ('unknown' or 'unverified'), oldest first. */
  async unsettled(): Promise<readonly Attempt[]> {
    const attempts = await this.#readUnsettled();
    if (attempts) return attempts;
    await this.#reopen();
    return (await this.#readUnsettled()) ?? [];
  }

  /** Reads the unsettled attempts. Undefined if the database lacks an attempt of this page. */
  #readUnsettled(): Promise<readonly Attempt[] | undefined> {
    return this.#database.read(['batches', 'open'], async (transaction) => {
      const open = await transaction.objectStore('open').getAll();
      const others = open.flatMap(({ session, attempts }) => (session === this.#session ? [] : attempts));
      const { attempts, open: own } = this.#memory;
      const ids = [...new Set([...own, ...others])].sort((a, b) => a - b);
      const unsettled: Attempt[] = [];
      for (const [id, entries] of await Promise.all(
        ids.map(async (id) => [id, await entriesOf(transaction, id)] as const),
      )) {
        const attempt = assemble(entries);
        if (!attempt && attempts.has(id)) return undefined;
        if (attempt && isUnsettled(attempt)) {
          unsettled.push(attempt);
          attempts.set(id, { chain: attempt.order ?? STATION_CHAIN, entries });
        } else if (attempt?.outcome !== 'running') attempts.delete(id);
      }
      return unsettled;
    });
  }

  /**
   * Opens the database again if it was closed, and records a loss if there is one.
   * @throws ProtocolError
   */
  async #reopen(): Promise<void> {
    this.#isStale = true;
    await this.#write({ steps: [], isCheck: true, options: {} });
  }

  #write(write: Omit<Write, 'at' | 'resolve' | 'reject'>): Promise<number> {
    const at = this.#now().getTime();
    return new Promise((resolve, reject) => {
      this.#pending.push({ ...write, at, resolve, reject });
      this.#start();
    });
  }

  /** Schedules the queued writes. The end of a running write calls #start() again. */
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
    await undefined; // lets the caller queue further writes in the same turn
    const batch = this.#pending;
    this.#pending = [];
    this.#isFlushRequested = false;
    try {
      const ids = await this.#commit(batch);
      batch.forEach(({ resolve, reject }, index) => {
        const id = ids[index];
        if (typeof id === 'number') resolve(id);
        else reject(id);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    this.#isWriting = false;
    this.#start();
  }

  /**
   * Writes the batch in one transaction. Returns, for each write, the id of its attempt or the
   * reason for a refusal.
   */
  async #commit(batch: readonly Write[]): Promise<readonly (number | ProtocolError)[]> {
    const durability = batch.every(({ options }) => options.urgency === 'report') ? 'relaxed' : 'strict';
    const wasLost = this.isLost;
    let taken = 0;
    const committed = await this.#database.write(
      ['batches', 'open', 'units'],
      async (transaction): Promise<Committed> => {
        // Opening this transaction may have shown that the database was closed and perhaps replaced.
        const isStale = this.#isStale;
        this.#isStale = false;
        const memory = this.#memory.copy();
        const commit = new Commit(memory.open);
        await this.#load(transaction, memory, commit, batch, isStale);
        for (const { liveSessions } of batch) if (liveSessions) await commit.takeOver(transaction, liveSessions);
        const ids = batch.map((each) => apply(memory, commit, each));
        commit.write(transaction, this.#session, memory.tails);
        transaction.commit();
        memory.open = commit.open;
        return { ids, memory, commit };
      },
      {
        durability,
        isOnDisk: (transaction, { commit }) => commit.isOnDisk(transaction),
        isRepeated: (error) => {
          this.#isStale = true;
          return isTaken(error) && ++taken < MAX_TRIES;
        },
      },
    );
    this.#memory = committed.memory;
    if (this.isLost && !wasLost) this.#onFailure();
    return committed.ids;
  }

  /**
   * Reads into `memory` what the batch needs. The steps of a running load need only one key of the
   * database. If that key is missing, the journal is lost.
   */
  async #load(
    transaction: Transaction<'readwrite'>,
    memory: JournalMemory,
    commit: Commit,
    batch: readonly Write[],
    isStale: boolean,
  ): Promise<void> {
    const { deletions } = this.#database;
    const known = memory.lastId ?? 0;
    if (isStale) memory.lastId = undefined;
    let isMissing = false;
    for (const { attempt } of batch) {
      if (attempt === undefined || (!isStale && memory.attempts.has(attempt))) continue;
      const entries = await entriesOf(transaction, attempt);
      const chain = assemble(entries)?.order ?? STATION_CHAIN;
      if (entries.length > 0) memory.attempts.set(attempt, { chain, entries });
      else if (memory.attempts.has(attempt)) isMissing = true;
      else if (!this.isLost) throw new RangeError(`there is no attempt ${attempt}`);
    }
    const chains = (): ReadonlySet<number> => new Set(batch.map((write) => chainOf(memory, write)));
    const checked = isStale ? memory.tails.keys() : chains();
    if (isMissing || (await memory.isLost(transaction, checked, deletions, isStale)))
      await memory.restartAfterLoss(transaction, commit, this.#now().getTime(), known);
    memory.deletions = deletions;
    if (batch.some(({ begin }) => begin)) memory.lastId ??= await lastAttempt(transaction);
    for (const chain of chains())
      if (isStale || !memory.tails.has(chain)) memory.tails.set(chain, await tailOf(transaction, chain));
  }
}

function chainOf({ attempts }: JournalMemory, { attempt, begin, event }: Write): number {
  const state = attempt === undefined ? undefined : attempts.get(attempt);
  return state?.chain ?? begin?.order ?? event?.chain ?? STATION_CHAIN;
}

/**
 * Adds a write to the commit, without a database request. Returns the id of the attempt (0 for an
 * event or a check), or the reason for a refusal.
 */
function apply(memory: JournalMemory, commit: Commit, write: Write): number | ProtocolError {
  const { begin, event, steps, options, at, attempt, after, isCheck, liveSessions } = write;
  if (isCheck || liveSessions) return 0;
  if (event) {
    if (event.body.step === 'order-opened') memory.openOrder(event.chain);
    if (memory.isChainLost(event.chain)) return lostError();
    commit.add(event.chain, { at, body: event.body });
    if (options.unit) commit.units.push(options.unit);
    return 0;
  }
  if (memory.isChainLost(begin?.order ?? STATION_CHAIN)) return lostError();
  if (attempt === undefined) memory.lastId = (memory.lastId ?? 0) + 1;
  const id = attempt ?? memory.lastId ?? 0;
  const chain = chainOf(memory, write);
  const before: readonly Entry[] = begin
    ? [{ of: [id, 0], at, body: { step: 'begin', ...begin } }]
    : (memory.attempts.get(id)?.entries ?? []);
  if (before.length === 0) return lostError();
  if (after !== undefined && before.length - 1 !== after)
    return new ProtocolError('journal-failed', 'an earlier step of the attempt was not written');
  if (options.unit && !memory.isChainLost(options.unit.order)) commit.units.push({ ...options.unit, attempt: id });
  const added = steps.map((step, offset): Entry => {
    const isLast = offset === steps.length - 1;
    return { of: [id, before.length + offset], at, ...packStep(step, isLast ? options.auditHead : undefined) };
  });
  if (begin) commit.begin(id);
  for (const entry of begin ? [...before, ...added] : added) commit.add(chain, entry);
  const state = { chain, entries: [...before, ...added] };
  memory.attempts.set(id, state);
  const outcome = outcomeOf(stepsOf(state));
  if (outcome === 'done' || outcome === 'failed') {
    commit.open.delete(id);
    memory.attempts.delete(id);
  }
  return id;
}

function isDeferrable({ options: { urgency = 'now' } }: Write): boolean {
  return urgency !== 'now';
}

const INTERRUPTION: StepBody = { step: 'interruption', state: 'confirmed' };

/** Ignores a ProtocolError, because the next write reports it again. Rethrows a bug. */
function ignoreRefusal(error: unknown): void {
  if (!(error instanceof ProtocolError)) throw error;
}
