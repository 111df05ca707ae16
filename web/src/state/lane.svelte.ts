// One unit and what happens to it: read it, load a key, settle what stayed open. Knows one link at a time; which lanes there are is
// the station's business.
import { toBase64url } from '#protocol/bytes/text.ts';
import type { Attempt, NewAttempt } from '../store/attempt.ts';
import type { Journal } from '../store/journal.ts';
import type { Link } from '../transport/link.ts';
import { factsOf, type UnitFacts, withKey } from './facts.ts';
import { type Failure, failureOf } from './failure.ts';
import { type Chosen, KeyChoice } from './key-choice.svelte.ts';
import { Line } from './line.ts';
import { type Ending, load, settleAttempt } from './run.ts';
import type { AsAccount, Session, SignedIn } from './session.svelte.ts';
import type { Stage } from './stages.ts';
import { Trace } from './trace.svelte.ts';

export type Phase =
  | { readonly is: 'reading' }
  /** Gone a moment ago; a unit that restarts comes back. */
  | { readonly is: 'away' }
  | { readonly is: 'unread'; readonly failure: Failure }
  | { readonly is: 'ready' }
  | { readonly is: 'running'; readonly stage: Stage; readonly stopping: boolean }
  | { readonly is: 'settling' }
  | Ending;

/** What a lane is handed by its station. */
export interface Surroundings {
  readonly session: Session;
  readonly as: AsAccount;
  readonly journal: Pick<Journal, 'begin' | 'append' | 'get' | 'unsettled'>;
  /** Milliseconds that only rise. */
  readonly ticks: () => number;
  /** 16 fresh random bytes. */
  readonly random: () => Uint8Array;
  readonly onAway: (lane: Lane) => void;
  /** An attempt began or ended. */
  readonly onJournal: () => Promise<void>;
}

export class Lane {
  phase = $state.raw<Phase>({ is: 'reading' });
  facts = $state.raw<UnitFacts | undefined>();
  link: Link = $state.raw() as Link;
  /** The unit is there, as far as the browser tells. */
  attached = $state.raw(true);
  /** The key and slot of the attempt that the phase speaks of. */
  attempted = $state.raw<{ readonly label: string; readonly kcv: string; readonly ref2: number } | undefined>();
  /** From Load to the ending, ms. */
  took = $state.raw(0);

  readonly busy: boolean = $derived(this.phase.is === 'running' || this.phase.is === 'settling');
  /** The import has not begun, so nothing is lost by stopping. */
  readonly stoppable: boolean = $derived(
    this.phase.is === 'running' &&
      !this.phase.stopping &&
      this.phase.stage !== 'import' &&
      this.phase.stage !== 'receipt',
  );

  trace = $state.raw(new Trace());
  readonly choice: KeyChoice;
  readonly #around: Surroundings;
  #line: Line | undefined;

  constructor(link: Link, around: Surroundings) {
    this.link = link;
    this.#around = around;
    this.choice = new KeyChoice(around.session, () => this.facts);
  }

  /** Opens the link and reads who is there. Any number of times. */
  async open(): Promise<void> {
    this.phase = { is: 'reading' };
    await this.close();
    try {
      this.#take(await Line.open(this.link, this.trace.add));
      this.phase = { is: 'ready' };
    } catch (error) {
      this.phase = { is: 'unread', failure: failureOf(error) };
    }
  }

  /** Takes over what another lane has opened: the unit came back under another handle. */
  async adopt(other: Lane): Promise<void> {
    await this.close();
    this.link = other.link;
    other.trace.continue(this.trace);
    this.trace = other.trace;
    if (other.#line) this.#take(other.#line);
    other.#line = undefined;
    if (this.phase.is !== 'unknown' && this.phase.is !== 'unverified') this.phase = { is: 'ready' };
  }

  async load({ set, key, slot }: Chosen): Promise<void> {
    const { session, as, journal, ticks } = this.#around;
    const device = this.#line?.device;
    if (this.phase.is !== 'ready' || !device || !session.in)
      throw new RangeError('a run needs a ready unit and a signed-in operator');
    const attempt = this.#newAttempt(session.in, {
      ref1: key.ref1,
      ref2: slot.ref2,
      keyLabel: key.label,
      akv: key.akv,
      kcv: key.kcv,
    });
    const { ref1, ref2, idempotencyKey } = attempt;
    const suites = set.transportKeys.find(({ tkv }) => tkv === device.identity.tkv)?.suites ?? [];
    const began = ticks();
    this.attempted = { label: key.label, kcv: key.kcv, ref2 };
    this.phase = { is: 'running', stage: 'identity', stopping: false };
    const parts = {
      source: as,
      journal,
      onStage: (stage: Stage) => this.#reach(stage),
      isStopped: () => this.phase.is === 'running' && this.phase.stopping,
    };
    const ending = await load(parts, device, attempt, { ref1, ref2, suites, sign: false, idempotencyKey });
    this.took = ticks() - began;
    this.#hold(ending, key.attributes);
    await this.#end(ending);
  }

  /** Ends the run before its next step; without effect once the import has begun. */
  stop(): void {
    if (this.phase.is === 'running' && this.stoppable) this.phase = { ...this.phase, stopping: true };
  }

  /** Finds out how an open attempt on this unit ended, or has the AS verify its receipt. */
  async settle(attempt: Attempt): Promise<void> {
    const { as, journal } = this.#around;
    this.attempted = { label: attempt.keyLabel, kcv: attempt.kcv, ref2: attempt.ref2 };
    this.phase = { is: 'settling' };
    const ending = await settleAttempt({ source: as, journal }, this.#line?.device, attempt);
    this.#hold(ending, this.facts?.slots.find(({ ref2 }) => ref2 === attempt.ref2)?.attributes ?? '');
    await this.#end(ending);
  }

  /** The way out of whatever the lane shows. */
  async retry(): Promise<void> {
    const { session, journal } = this.#around;
    const before = this.phase;
    if (before.is === 'unknown' || before.is === 'unverified') {
      const attempt = await journal.get(before.attempt);
      if (before.is === 'unknown' && !this.#isReachable) await this.open();
      // Not reached again: what was not known is still not known.
      if (this.phase.is === 'unread') this.phase = { ...before, failure: this.phase.failure };
      else if (attempt) await this.settle(attempt);
      return;
    }
    if (!this.#isReachable) await this.open();
    if (!this.#isReachable) return;
    this.phase = { is: 'ready' };
    await session.refresh();
  }

  /** Closes the link. Any number of times. */
  async close(): Promise<void> {
    const line = this.#line;
    this.#line = undefined;
    await line?.close();
  }

  get #isReachable(): boolean {
    return this.#line !== undefined && !this.#line.isDead;
  }

  #take(line: Line): void {
    this.#line = line;
    this.attached = true;
    this.facts = factsOf(line.device.identity);
    void line.lost.then(() => this.#lose(line));
  }

  async #end(ending: Ending): Promise<void> {
    if (ending.is !== 'done' && ending.failure.code === 'signed-out') this.#around.session.expire();
    if (ending.is === 'unknown') await this.close();
    this.phase = ending;
    await this.#around.onJournal();
  }

  /** The receipt says what the slot holds now. */
  #hold(ending: Ending, attributes: string): void {
    if (!('loaded' in ending) || !ending.loaded || !this.facts) return;
    this.facts = withKey(this.facts, { ...ending.loaded, attributes });
    this.choice.ref1 = undefined;
    this.choice.ref2 = undefined;
  }

  #reach(stage: Stage): void {
    if (this.phase.is === 'running') this.phase = { ...this.phase, stage };
  }

  #lose(line: Line): void {
    if (line !== this.#line) return;
    this.attached = false;
    void this.close();
    if (this.phase.is !== 'ready') return;
    this.phase = { is: 'away' };
    this.#around.onAway(this);
  }

  #newAttempt(
    { operator, service }: SignedIn,
    what: Pick<NewAttempt, 'ref1' | 'ref2' | 'keyLabel' | 'akv' | 'kcv'>,
  ): NewAttempt {
    if (!this.facts) throw new RangeError('the unit was not read');
    const { sn, set, tkv, profile } = this.facts;
    const { session, random } = this.#around;
    const idempotencyKey = toBase64url(random());
    return {
      ...what,
      link: this.link.kind,
      sn,
      set,
      tkv,
      profile,
      operator,
      service: session.origin,
      demo: service.demo,
      idempotencyKey,
    };
  }
}
