// One attached unit of a station: opens its link, reads its identity, loads and settles keys.
import { toBase64url } from '#protocol/bytes/text.ts';
import type { SuiteId } from '#protocol/tkl/suites.ts';
import type { Attempt, NewAttempt } from '../../journal/attempt.ts';
import type { Link } from '../../transport/link.ts';
import { type Failure, failureOf } from '../common/failure.ts';
import type { LoadSource, Semaphore } from '../session/semaphore.ts';
import type { Account, SignedIn } from '../session/session.svelte.ts';
import { keyActionOf } from './key-action.ts';
import { type Chosen, KeyChoice } from './key-choice.svelte.ts';
import {
  type AttemptDetails,
  asSent,
  detailsOf,
  identityOf,
  type LaneLoad,
  laneLoad,
  loadRequest,
  newAttempt,
  type OrderLoad,
  suitesFor,
} from './lane-load.ts';
import type { LaneOptions } from './lane-options.ts';
import type { Phase } from './lane-phase.ts';
import { type Ending, load, rehearse, settleAttempt } from './load-attempt.ts';
import { Repetition } from './repetition.svelte.ts';
import type { Stage } from './stages.ts';
import { Trace } from './trace.svelte.ts';
import { UnitConnection } from './unit-connection.ts';
import { factsOf, type UnitFacts, withKey } from './unit-facts.ts';
import { UnusedExport } from './unused-export.ts';
import { Waits } from './waits.ts';

export type { Phase };

/** Maximum number of queries after one lost response. A query without an answer takes a second. */
const MAX_QUESTIONS = 5;

export class Lane {
  #phase = $state.raw<Phase>({ is: 'reading' });
  #facts = $state.raw<UnitFacts | undefined>();
  #link: Link = $state.raw() as Link;
  #attached = $state.raw(true);
  #current = $state.raw<LaneLoad | undefined>();
  #duration = $state.raw(0);
  #trace = $state.raw(new Trace());
  readonly repetition = new Repetition();

  readonly busy: boolean = $derived(this.#phase.is === 'running' || this.#phase.is === 'settling');
  /** True while the load can be stopped, that is, until the import begins. */
  readonly stoppable: boolean = $derived(
    this.#phase.is === 'running' &&
      !this.#phase.stopping &&
      this.#phase.stage !== 'import' &&
      this.#phase.stage !== 'receipt',
  );

  readonly choice: KeyChoice;
  readonly #options: LaneOptions;
  readonly #semaphore: Semaphore;
  readonly #unused = new UnusedExport();
  readonly #waits = new Waits();
  #connection: UnitConnection | undefined;
  /** True if another tab requested the unit during a load. */
  #isRequested = false;
  /** True if this lane has released the unit to another tab. */
  #isClosedForOtherTab = false;
  /** The newest connection. close() keeps it, because its disconnect event may follow later. */
  #lastConnection: UnitConnection | undefined;

  constructor(link: Link, options: LaneOptions, semaphore: Semaphore) {
    this.#link = link;
    this.#options = options;
    this.#semaphore = semaphore;
    this.choice = new KeyChoice(options.session, () => this.#facts);
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** The identity of the unit; undefined until it is read. */
  get facts(): UnitFacts | undefined {
    return this.#facts;
  }

  get link(): Link {
    return this.#link;
  }

  /** Whether the unit is plugged in, as reported by the browser. */
  get attached(): boolean {
    return this.#attached;
  }

  get current(): LaneLoad | undefined {
    return this.#current;
  }

  get duration(): number {
    return this.#duration;
  }

  get trace(): Trace {
    return this.#trace;
  }

  /**
   * Opens the link and reads the identity. If there is an earlier connection, first calls `last`,
   * which may send commands on it, and then closes it. `last` never rejects.
   */
  async open(last?: (connection: UnitConnection) => Promise<void>): Promise<void> {
    const { isInOtherTab } = this;
    this.#phase = { is: 'reading' };
    if (this.#connection) await last?.(this.#connection);
    await this.close();
    try {
      if (isInOtherTab) await this.#options.leases.take(this.#link);
      this.#connect(await UnitConnection.open(this.#link, this.#options, this.#trace.add));
      this.#phase = { is: 'ready' };
    } catch (error) {
      const failure = failureOf(error);
      if (failure.code === 'device-lost') this.#attached = false;
      this.#phase = { is: 'unread', failure };
    }
  }

  /** Closes the link for another tab. During a load, does so only after the load has ended. */
  async closeForOtherTab(): Promise<void> {
    // Without a USB serial number, the request may be for another unit, so a load ignores it.
    if (this.busy) this.#isRequested = this.#link.usbSerialNumber !== undefined;
    if (this.busy || this.#phase.is === 'reading' || !this.#connection) return;
    this.#isClosedForOtherTab = true;
    await this.close();
    if (this.#phase.is === 'ready') this.#phase = { is: 'unread', failure: { code: 'unit-elsewhere' } };
  }

  /** Takes over the connection of `other`, the lane that was created when the unit returned. */
  async adopt(other: Lane): Promise<void> {
    await this.close();
    this.#link = other.link;
    other.trace.continue(this.#trace);
    this.#trace = other.trace;
    if (other.#connection) this.#connect(other.#connection);
    other.#connection = undefined;
    other.#lastConnection = undefined;
    if (!this.busy && this.#phase.is !== 'unknown' && this.#phase.is !== 'unverified') this.#phase = { is: 'ready' };
  }

  /**
   * Loads the chosen key. The phase must be `ready`. If `orderLoad` is given, any phase that is not
   * busy is allowed.
   * @throws RangeError without an idle unit or without a session
   */
  async load({ set, key, slot }: Chosen, orderLoad?: OrderLoad): Promise<Ending> {
    const { session, journal, ticks } = this.#options;
    const connection = this.#connection;
    const isFree = orderLoad ? !this.busy : this.#phase.is === 'ready';
    if (!isFree || !connection || !session.signedIn) throw new RangeError('a load needs an idle unit and a sign-in');
    const details = detailsOf({ set, key, slot }, session.signedIn, orderLoad);
    const started = this.#newAttempt(session.signedIn, details);
    const unused = this.#unused.take(connection, started);
    const attempt = unused ? asSent(started, unused) : started;
    const began = ticks();
    this.#current = laneLoad(attempt);
    this.#phase = { is: 'running', stage: 'identity', stopping: false };
    const loadOptions = {
      source: this.#unused.watch(this.#watchedSource(), connection, attempt),
      journal,
      row: orderLoad?.row,
      onStage: (stage: Stage) => this.#reach(stage),
      isStopped: () => this.#phase.is === 'running' && this.#phase.stopping,
    };
    const request = loadRequest(attempt, suitesFor(set, connection.device, orderLoad), unused);
    const ending = await this.#findOut(await load(loadOptions, connection.device, attempt, request), orderLoad?.row);
    if (ending.is === 'failed') this.#unused.end(ending.failure);
    this.#duration = ticks() - began;
    // A failed import may have used up a try, so the number of tries is read again. A new
    // connection has already read it.
    const isStale = ending.is === 'failed' && ending.stage === 'import' && connection === this.#connection;
    if (isStale) await this.#readAgain();
    await this.#showStoredKey(ending, key.attributes);
    await this.#end(ending);
    return ending;
  }

  /** Runs a load, but ends it before the request to the AS. Returns the failure, if any. */
  async rehearse({ set, key, slot }: Chosen, suite: SuiteId | null): Promise<Failure | undefined> {
    const device = this.#connection?.device;
    if (this.busy || !device) throw new RangeError('a rehearsal needs an idle unit');
    const { ref2 } = slot;
    this.#unused.clear(); // the unit replaces its challenge
    this.#current = { label: key.label, kcv: key.kcv, ref2, action: keyActionOf(ref2, key.kcv), identity: undefined };
    this.#phase = { is: 'running', stage: 'challenge', stopping: false };
    const suites = suitesFor(set, device, { suite });
    const failure = await rehearse(this.#account, device, { ref1: key.ref1, ref2, suites, sign: false });
    this.#phase = failure ? { is: 'failed', failure, stage: 'challenge' } : { is: 'ready' };
    await this.#closeIfRequested();
    return failure;
  }

  /** Stops the load before its next step. Has no effect once the import has begun. */
  stop(): void {
    if (this.#phase.is !== 'running' || !this.stoppable) return;
    this.#phase = { ...this.#phase, stopping: true };
    this.#waits.stop();
  }

  /** Settles an attempt: asks the unit for the outcome, or has the AS verify the stored receipt. */
  async settle(attempt: Attempt): Promise<void> {
    const { session } = this.#options;
    const { ref2 } = attempt;
    this.#current = laneLoad(attempt);
    if (!session.isNamed(attempt.service)) {
      // Only the AS that sealed the key can verify its receipt.
      const is = attempt.outcome === 'unverified' ? 'unverified' : 'unknown';
      this.#phase = { is, failure: { code: 'source-other' }, attempt: attempt.id };
      return;
    }
    const ending = await this.#askOutcome(attempt);
    await this.#showStoredKey(ending, this.#facts?.slots.find((slot) => slot.ref2 === ref2)?.attributes ?? '');
    await this.#end(ending);
  }

  /** Retries what failed: opens the link, settles the attempt, or returns to choosing a key. */
  async retry(): Promise<void> {
    const { session, journal } = this.#options;
    const before = this.#phase;
    if (before.is === 'unknown' || before.is === 'unverified') {
      const attempt = await journal.get(before.attempt).catch(failureOf);
      if (attempt === undefined || 'code' in attempt) {
        this.#phase = { ...before, failure: attempt ?? { code: 'journal-lost' } };
        return;
      }
      if (before.is === 'unknown' && !this.isReachable) await this.open();
      // The unit cannot be reached, so the outcome remains unknown.
      if (this.#phase.is === 'unread') this.#phase = { ...before, failure: this.#phase.failure };
      else await this.settle(attempt);
      return;
    }
    if (!this.isReachable) await this.open();
    if (!this.isReachable) return;
    this.#phase = { is: 'ready' };
    await session.refresh();
  }

  /** Whether the chosen key and slot, the unit and the AS are the same as in the current load. */
  get isSameLoad(): boolean {
    const { chosen } = this.choice;
    const identity = chosen && this.#facts && identityOf(chosen, this.#facts, this.#options.session.origin);
    return identity !== undefined && this.#current?.identity === identity;
  }

  /** Repeats the failed load. If the unit or key has changed, only returns to choosing a key. */
  async loadAgain(): Promise<void> {
    const before = this.choice.chosen?.slot;
    await this.retry();
    const now = this.choice.chosen;
    if (!before || !now || !this.isSameLoad || this.#phase.is !== 'ready') return;
    if (before.akv === now.slot.akv && before.kcv === now.slot.kcv) await this.load(now);
  }

  /** Whether the unit supports IDENTIFY, is reachable and is not in use. */
  get canBlink(): boolean {
    const isIdle = !this.busy && this.#phase.is !== 'reading';
    return isIdle && this.isReachable && this.#facts?.canBlink === true;
  }

  /** Makes the unit blink. A link failure closes the link; a refusal appears only in the trace. */
  async blink(): Promise<void> {
    if (!this.canBlink) return;
    try {
      await this.#connection?.blink();
    } catch (error) {
      const failure = failureOf(error);
      if (this.isReachable) return;
      await this.close();
      if (this.#phase.is === 'ready') this.#phase = { is: 'unread', failure };
    }
  }

  /** Closes the link. Idempotent. */
  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.close();
  }

  #watchedSource(): LoadSource {
    return this.#waits.watch(this.#account, this.#semaphore, (wait) => {
      if (this.#phase.is === 'running' || this.#phase.is === 'settling') this.#phase = { ...this.#phase, wait };
    });
  }

  get #account(): Account {
    return this.#options.session.local ?? this.#options.as;
  }

  /** Whether another tab is known to use the unit. */
  get isInOtherTab(): boolean {
    return this.#isClosedForOtherTab || ('failure' in this.#phase && this.#phase.failure.code === 'unit-elsewhere');
  }

  get isReachable(): boolean {
    return this.#connection !== undefined && !this.#connection.isClosed;
  }

  #connect(connection: UnitConnection): void {
    this.#isClosedForOtherTab = false;
    this.#connection = connection;
    this.#lastConnection = connection;
    this.#attached = true;
    this.#facts = factsOf(connection.device.identity);
    void connection.lost.then(() => this.#disconnect(connection));
  }

  async #askOutcome(attempt: Attempt, row?: OrderLoad['row']): Promise<Ending> {
    this.#phase = { is: 'settling' };
    const options = { source: this.#watchedSource(), journal: this.#options.journal, row };
    return await settleAttempt(options, this.#connection?.device, attempt);
  }

  /**
   * Asks the unit repeatedly after a lost response, because it may still be writing the key. If the
   * import failed with a status word and the key was not stored, the ending keeps that failure.
   */
  async #findOut(first: Ending, row: OrderLoad['row'] | undefined): Promise<Ending> {
    let ending = first;
    for (let questions = 0; questions < MAX_QUESTIONS; questions++) {
      if (ending.is !== 'unknown' || !this.#attached || ending.failure.code === 'device-lost') break;
      const attempt = await this.#options.journal.get(ending.attempt).catch(failureOf);
      if (attempt === undefined || 'code' in attempt) break;
      if (!this.isReachable) await this.open();
      ending =
        this.#phase.is === 'unread'
          ? { ...ending, failure: this.#phase.failure }
          : await this.#askOutcome(attempt, row);
    }
    const isExplained = first.is === 'unknown' && first.failure.statusWord !== undefined;
    return isExplained && ending.is === 'failed' ? { ...ending, failure: first.failure } : ending;
  }

  async #end(ending: Ending): Promise<void> {
    if (ending.is !== 'done') this.#options.session.endOn(ending.failure);
    if (ending.is === 'unknown' && !this.isReachable) await this.close();
    this.repetition.record(this.#facts?.sn, 'failure' in ending ? ending.failure : undefined);
    this.#phase = ending;
    await this.#closeIfRequested();
    await this.#options.onJournalChange();
  }

  /** Closes the link after a load if another tab still waits for the unit. */
  async #closeIfRequested(): Promise<void> {
    if (this.#isRequested && (await this.#options.leases.isRequested(this.#link))) await this.closeForOtherTab();
    this.#isRequested = false;
  }

  /** Updates the facts from the receipt. After an erasure or a new T, reads the identity again. */
  async #showStoredKey(ending: Ending, attributes: string): Promise<void> {
    if (!('loaded' in ending) || !ending.loaded || !this.#facts) return;
    const { ref2, kcv } = ending.loaded;
    this.choice.clear();
    if (keyActionOf(ref2, kcv) === 'load') this.#facts = withKey(this.#facts, { ...ending.loaded, attributes });
    else await this.#readAgain();
  }

  /** Reads the identity again. If that fails, closes the link; the next open() reads it. */
  async #readAgain(): Promise<void> {
    if (!this.#connection || !this.isReachable) return;
    try {
      this.#facts = factsOf(await this.#connection.refresh());
    } catch (error) {
      failureOf(error);
      await this.close();
    }
  }

  #reach(stage: Stage): void {
    if (stage === 'import') this.#unused.clear(); // the unit erases its challenge
    if (this.#phase.is === 'running') this.#phase = { ...this.#phase, stage };
  }

  #disconnect(connection: UnitConnection): void {
    if (connection !== this.#lastConnection) return;
    this.#attached = false;
    void this.close();
    if (this.#phase.is !== 'ready') return;
    this.#phase = { is: 'away' };
    this.#options.onAway();
  }

  #newAttempt({ operator }: SignedIn, details: AttemptDetails): NewAttempt {
    if (!this.#facts) throw new RangeError('the identity of the unit was not read');
    const service = this.#options.session.origin;
    const idempotencyKey = toBase64url(this.#options.random());
    return newAttempt(this.#facts, this.#link.kind, { ...details, operator, service, idempotencyKey });
  }
}
