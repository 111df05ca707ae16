// One unit and what happens to it: read it, load a key, settle what stayed open. Knows one link at a time; which lanes there are is
// the station's business.
import { toBase64url } from '#protocol/bytes/text.ts';
import type { Device } from '#protocol/provisioning/device.ts';
import type { LoadRequest } from '#protocol/provisioning/step.ts';
import type { SetJson } from '#protocol/service/messages.ts';
import type { SuiteId } from '#protocol/tkl/suites.ts';
import type { Attempt, NewAttempt } from '../../journal/attempt.ts';
import type { Journal } from '../../journal/journal.ts';
import type { UnitRow } from '../../journal/order-record.ts';
import type { Leases } from '../../transport/leases.ts';
import type { Link } from '../../transport/link.ts';
import { type Failure, failureOf } from '../common/failure.ts';
import { Semaphore, through } from '../session/concurrency-limit.ts';
import type { Account, AsAccount, Session, SignedIn } from '../session/session.svelte.ts';
import { actOf, type KeyAction } from './key-action.ts';
import { type Chosen, KeyChoice } from './key-choice.svelte.ts';
import { type Ending, type LoadStatus, load, rehearse, settleAttempt } from './load-attempt.ts';
import type { Stage } from './stages.ts';
import { Trace } from './trace.svelte.ts';
import { Line } from './unit-connection.ts';
import { factsOf, type UnitFacts, withKey } from './unit-facts.ts';

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
export interface LaneOptions {
  readonly session: Session;
  readonly as: AsAccount;
  readonly journal: Pick<Journal, 'begin' | 'append' | 'flush' | 'get' | 'unsettled'>;
  readonly leases: Pick<Leases, 'open' | 'take'>;
  /** Milliseconds that only rise. */
  readonly ticks: () => number;
  /** 16 fresh random bytes. */
  readonly random: () => Uint8Array;
  readonly onAway: (lane: Lane) => void;
  /** An attempt began or ended. */
  readonly onJournal: () => Promise<void>;
}

export interface Attempted {
  readonly label: string;
  readonly kcv: string;
  readonly ref2: number;
  readonly act: KeyAction;
  /** Told apart from any other load; undefined where it cannot be repeated by itself. */
  readonly what: string | undefined;
}

/** What a work order adds to the loading of a key. */
export interface Job {
  /** The order's number at the AS, and that of its chain in the journal. */
  readonly workOrder: string;
  readonly order: number;
  /** The only suite that may be used. */
  readonly suite: SuiteId | null;
  /** Why the key is exported again for this unit. */
  readonly reason?: string | undefined;
  /** Where the unit then stands in the order. */
  readonly row: (standing: LoadStatus) => UnitRow | undefined;
}

/** So many questions to the AS are on their way at once, from all lanes together. */
const MAX_ASKED = 8;

export class Lane {
  phase = $state.raw<Phase>({ is: 'reading' });
  facts = $state.raw<UnitFacts | undefined>();
  link: Link = $state.raw() as Link;
  /** The unit is there, as far as the browser tells. */
  attached = $state.raw(true);
  /** The key and slot of the attempt that the phase speaks of. */
  attempted = $state.raw<Attempted | undefined>();
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
  readonly #around: LaneOptions;
  readonly #gate: Semaphore;
  /** Open, as far as this lane knows. */
  #line: Line | undefined;
  /** The last one that this lane had: the browser may tell that the unit is gone after the line was closed. */
  #lastLine: Line | undefined;

  /** `gate` is the same for all lanes. */
  constructor(link: Link, around: LaneOptions, gate = new Semaphore(MAX_ASKED)) {
    this.link = link;
    this.#around = around;
    this.#gate = gate;
    this.choice = new KeyChoice(around.session, () => this.facts);
  }

  /** Opens the link and reads who is there. Any number of times. */
  async open(): Promise<void> {
    const { leases } = this.#around;
    const isElsewhere = this.#isElsewhere;
    this.phase = { is: 'reading' };
    await this.close();
    try {
      if (isElsewhere) await leases.take(this.link);
      this.#take(await Line.open(this.link, leases, this.trace.add));
      this.phase = { is: 'ready' };
    } catch (error) {
      const failure = failureOf(error);
      if (failure.code === 'device-lost') this.attached = false;
      this.phase = { is: 'unread', failure };
    }
  }

  /** Another tab asks for the unit. A run goes on, and the tab asks again. */
  async giveWay(): Promise<void> {
    if (this.busy || this.phase.is === 'reading') return;
    await this.close();
    if (this.phase.is === 'ready') this.phase = { is: 'unread', failure: { code: 'unit-elsewhere' } };
  }

  /** Takes over what another lane has opened: the unit came back under another handle. */
  async adopt(other: Lane): Promise<void> {
    await this.close();
    this.link = other.link;
    other.trace.continue(this.trace);
    this.trace = other.trace;
    if (other.#line) this.#take(other.#line);
    other.#line = undefined;
    other.#lastLine = undefined;
    if (this.phase.is !== 'unknown' && this.phase.is !== 'unverified') this.phase = { is: 'ready' };
  }

  /** With a job it may follow upon another load. @throws RangeError without a unit that is free, or an operator */
  async load({ set, key, slot }: Chosen, job?: Job): Promise<Ending> {
    const { session, journal, ticks } = this.#around;
    const device = this.#line?.device;
    const isFree = job ? !this.busy : this.phase.is === 'ready';
    if (!isFree || !device || !session.in) throw new RangeError('a run needs a ready unit and a signed-in operator');
    const attempt = this.#newAttempt(session.in, {
      ref1: key.ref1,
      ref2: slot.ref2,
      keyLabel: key.label,
      akv: key.akv,
      kcv: key.kcv,
      demo: session.in.service.demo || set.demo,
      ...(job ? { workOrder: job.workOrder, order: job.order } : {}),
      ...(job?.reason === undefined ? {} : { reason: job.reason }),
    });
    const { ref2 } = slot;
    const began = ticks();
    this.attempted = { label: key.label, kcv: key.kcv, ref2, act: actOf(ref2, key.kcv), what: whatOf(attempt) };
    this.phase = { is: 'running', stage: 'identity', stopping: false };
    const parts = {
      source: through(this.#account, this.#gate),
      journal,
      row: job?.row,
      onStage: (stage: Stage) => this.#reach(stage),
      isStopped: () => this.phase.is === 'running' && this.phase.stopping,
    };
    const ending = await load(parts, device, attempt, orderOf(attempt, suitesFor(set, device, job)));
    this.took = ticks() - began;
    await this.#hold(ending, key.attributes);
    await this.#end(ending);
    return ending;
  }

  /** Everything up to the question to the AS, which is not asked: the unit answers a challenge. What kept it from that, or undefined. */
  async rehearse({ set, key, slot }: Chosen, suite: SuiteId | null): Promise<Failure | undefined> {
    const device = this.#line?.device;
    if (this.phase.is !== 'ready' || !device) throw new RangeError('a rehearsal needs a ready unit');
    const { ref2 } = slot;
    this.attempted = { label: key.label, kcv: key.kcv, ref2, act: actOf(ref2, key.kcv), what: undefined };
    this.phase = { is: 'running', stage: 'challenge', stopping: false };
    const suites = suitesFor(set, device, { suite });
    const failure = await rehearse(this.#account, device, { ref1: key.ref1, ref2, suites, sign: false });
    this.phase = failure ? { is: 'failed', failure, stage: 'challenge' } : { is: 'ready' };
    return failure;
  }

  /** Ends the run before its next step; without effect once the import has begun. */
  stop(): void {
    if (this.phase.is === 'running' && this.stoppable) this.phase = { ...this.phase, stopping: true };
  }

  /** Finds out how an open attempt on this unit ended, or has the AS verify its receipt. */
  async settle(attempt: Attempt): Promise<void> {
    const { session, journal } = this.#around;
    const { keyLabel, kcv, ref2 } = attempt;
    this.attempted = { label: keyLabel, kcv, ref2, act: actOf(ref2, kcv), what: whatOf(attempt) };
    if (attempt.service !== session.origin) {
      // Only the AS that sealed the key can verify its receipt.
      const is = attempt.outcome === 'unverified' ? 'unverified' : 'unknown';
      this.phase = { is, failure: { code: 'source-other' }, attempt: attempt.id };
      return;
    }
    this.phase = { is: 'settling' };
    const ending = await settleAttempt({ source: this.#account, journal }, this.#line?.device, attempt);
    await this.#hold(ending, this.facts?.slots.find((slot) => slot.ref2 === ref2)?.attributes ?? '');
    await this.#end(ending);
  }

  /** The way out of whatever the lane shows. */
  async retry(): Promise<void> {
    const { session, journal } = this.#around;
    const before = this.phase;
    if (before.is === 'unknown' || before.is === 'unverified') {
      const attempt = await journal.get(before.attempt);
      if (before.is === 'unknown' && !this.isReachable) await this.open();
      // Not reached again: what was not known is still not known.
      if (this.phase.is === 'unread') this.phase = { ...before, failure: this.phase.failure };
      else if (attempt) await this.settle(attempt);
      return;
    }
    if (!this.isReachable) await this.open();
    if (!this.isReachable) return;
    this.phase = { is: 'ready' };
    await session.refresh();
  }

  /** What is chosen now is what the lane shows as attempted, on the same unit. */
  get isAsAttempted(): boolean {
    const { chosen } = this.choice;
    if (!chosen || !this.facts || this.attempted?.what === undefined) return false;
    const { ref1, akv, kcv } = chosen.key;
    const { sn, set } = this.facts;
    const service = this.#around.session.origin;
    return this.attempted.what === whatOf({ sn, set, ref1, akv, kcv, ref2: chosen.slot.ref2, service });
  }

  /** The load that failed, once more; where the unit or the keys are no longer as they were, back to the choice. */
  async loadAgain(): Promise<void> {
    const before = this.choice.chosen?.slot;
    await this.retry();
    const now = this.choice.chosen;
    if (!before || !now || !this.isAsAttempted || this.phase.is !== 'ready') return;
    if (before.akv === now.slot.akv && before.kcv === now.slot.kcv) await this.load(now);
  }

  /** Closes the link. Any number of times. */
  async close(): Promise<void> {
    const line = this.#line;
    this.#line = undefined;
    await line?.close();
  }

  get #account(): Account {
    return this.#around.session.local ?? this.#around.as;
  }

  get #isElsewhere(): boolean {
    return 'failure' in this.phase && this.phase.failure.code === 'unit-elsewhere';
  }

  /** The link is open, so the unit can be asked. */
  get isReachable(): boolean {
    return this.#line !== undefined && !this.#line.isDead;
  }

  #take(line: Line): void {
    this.#line = line;
    this.#lastLine = line;
    this.attached = true;
    this.facts = factsOf(line.device.identity);
    void line.lost.then(() => this.#lose(line));
  }

  async #end(ending: Ending): Promise<void> {
    if (ending.is !== 'done') this.#around.session.heed(ending.failure);
    if (ending.is === 'unknown' && !this.isReachable) await this.close();
    this.phase = ending;
    await this.#around.onJournal();
  }

  /** The receipt says which key the slot holds now; after an erasing or a new T the unit is read again (clause 8). */
  async #hold(ending: Ending, attributes: string): Promise<void> {
    if (!('loaded' in ending) || !ending.loaded || !this.facts) return;
    const { ref2, kcv } = ending.loaded;
    this.choice.ref1 = undefined;
    this.choice.ref2 = undefined;
    if (actOf(ref2, kcv) === 'load') this.facts = withKey(this.facts, { ...ending.loaded, attributes });
    else await this.#readAgain();
  }

  /** Where it cannot be read it is opened anew before anything else is loaded. */
  async #readAgain(): Promise<void> {
    if (!this.#line || !this.isReachable) return;
    try {
      this.facts = factsOf(await this.#line.refresh());
    } catch (error) {
      failureOf(error);
      await this.close();
    }
  }

  #reach(stage: Stage): void {
    if (this.phase.is === 'running') this.phase = { ...this.phase, stage };
  }

  #lose(line: Line): void {
    if (line !== this.#lastLine) return;
    this.attached = false;
    void this.close();
    if (this.phase.is !== 'ready') return;
    this.phase = { is: 'away' };
    this.#around.onAway(this);
  }

  #newAttempt(
    { operator }: SignedIn,
    what: Pick<NewAttempt, 'ref1' | 'ref2' | 'keyLabel' | 'akv' | 'kcv' | 'demo' | 'workOrder' | 'order' | 'reason'>,
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
      idempotencyKey,
    };
  }
}

/** Which key of which AS goes into which slot of which unit; undefined of a load that belongs to a work order. */
function whatOf(attempt: What): string | undefined {
  const { sn, set, ref1, akv, kcv, ref2, service, workOrder } = attempt;
  return workOrder === undefined ? [sn, set, ref1, akv, kcv, ref2, service].join() : undefined;
}

type What = Pick<NewAttempt, 'sn' | 'set' | 'ref1' | 'akv' | 'kcv' | 'ref2' | 'service' | 'workOrder'>;

/** Those that the AS has under the unit's T, or the one of them that the order names. */
function suitesFor({ transportKeys }: SetJson, { identity }: Device, job?: Pick<Job, 'suite'>): readonly SuiteId[] {
  const suites = transportKeys.find(({ tkv }) => tkv === identity.tkv)?.suites ?? [];
  return suites.filter((suite) => (job?.suite ?? suite) === suite);
}

function orderOf(
  { ref1, ref2, idempotencyKey, workOrder, reason }: NewAttempt,
  suites: readonly SuiteId[],
): LoadRequest {
  const named = workOrder === undefined ? {} : { workOrder };
  return { ref1, ref2, idempotencyKey, suites, sign: false, ...named, ...(reason === undefined ? {} : { reason }) };
}
