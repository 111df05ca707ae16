// A work order at work: every unit that comes is looked at, loaded with what it lacks, and ends done, failed, unknown or absent. Lanes run side by side; the
// journal says after any crash how each unit stands. Knows lanes, no cables and no screen.

import type { OrderLine, WorkOrder } from '#protocol/orders/order.ts';
import type { UnitReason } from '#protocol/orders/reason-list.ts';
import { readSerialNumber } from '#protocol/orders/units.ts';
import type { Journal } from '../../journal/journal.ts';
import type { OrderEvent, Refusal, UnitRow } from '../../journal/order-record.ts';
import type { Counts, WorkOrderStore } from '../../journal/work-orders.ts';
import { type Failure, failureOf } from '../common/failure.ts';
import { ExportsLeft } from '../session/exports-left.svelte.ts';
import type { Session } from '../session/session.svelte.ts';
import type { Lane } from '../station/lane.svelte.ts';
import type { Ending } from '../station/load-attempt.ts';
import type { Progress } from '../station/station.svelte.ts';
import { keepReasons } from './reasons.ts';
import { recoverRows } from './recovery.ts';
import {
  ASK,
  choiceOf,
  countsAfter,
  isNotTheUnit,
  missingLines,
  newRow,
  reasonFor,
  refusalOf,
  rowAfter,
} from './rules.ts';
import { UnitProgress } from './unit-progress.svelte.ts';
import { OrderValidity } from './validity.svelte.ts';

export type RunState =
  | { readonly is: 'running' }
  | { readonly is: 'paused' }
  /** By itself: so many failures in a row, or one that is not the unit's. */
  | { readonly is: 'halted'; readonly failures: number; readonly failure: Failure };

/** Nobody is signed in; the order has not begun; it is over. */
export type HeldBy = 'sign-in' | 'early' | 'over';

export interface OrderRunOptions {
  readonly order: WorkOrder;
  /** Its number in the journal. */
  readonly number: number;
  readonly counts: Counts;
  /** Units that are done by the AS's word, whichever station worked them. */
  readonly elsewhere: ReadonlySet<string>;
  readonly journal: Pick<Journal, 'note' | 'get'>;
  readonly store: Pick<WorkOrderStore, 'unit' | 'rowsOf' | 'unitsIn' | 'counts' | 'all'>;
  readonly session: Session;
  /** The lanes that are there now. */
  readonly lanes: () => readonly Lane[];
  readonly now: () => Date;
  readonly ticks: () => number;
  /** A unit is done, or needs a hand. */
  readonly signal: (what: 'done' | 'failed') => void;
}

export class OrderRun {
  state = $state.raw<RunState>({ is: 'paused' });
  counts: Counts = $state.raw() as Counts;
  works = $state.raw<readonly UnitProgress[]>([]);
  /** Units that are done by the AS's word and have no row here. */
  elsewhere = $state.raw<ReadonlySet<string>>(new Set());
  /** The last number that was scanned and is no waiting unit's. */
  strayScan = $state.raw<string | undefined>();
  /** A second unit of this number was plugged in beside the first. */
  doubled = $state.raw<string | undefined>();
  readonly order: WorkOrder;
  readonly number: number;
  readonly waitsForScan: boolean = $derived(this.works.some(({ phase }) => phase.is === 'scan'));
  readonly idle: boolean = $derived(!this.works.some(({ phase }) => phase.is === 'loading'));
  readonly exportsLeft: ExportsLeft;
  readonly clock: OrderValidity;
  readonly #parts: OrderRunOptions;
  /** Failures in a row. */
  #streak = 0;
  /** An event of the browser may announce a unit that is being looked at already. */
  readonly #looking = new Set<UnitProgress>();

  constructor(parts: OrderRunOptions) {
    this.#parts = parts;
    this.exportsLeft = new ExportsLeft(parts.session);
    this.clock = new OrderValidity(parts.order, parts.now);
    this.order = parts.order;
    this.number = parts.number;
    this.counts = parts.counts;
    this.elsewhere = parts.elsewhere;
  }

  /** Units of which nothing is known yet. */
  get unseen(): number {
    const { running, done, failed, unknown, absent } = this.counts;
    return this.order.count - running - done - failed - unknown - absent - this.elsewhere.size;
  }

  get progress(): Progress {
    const { id, count } = this.order;
    return { id, done: this.counts.done + this.elsewhere.size, total: count, failed: this.counts.failed };
  }

  /** Keys that are still to be loaded, as far as is known. */
  get keysToLoad(): number {
    const { done, absent } = this.counts;
    return Math.max(0, this.order.count - done - absent - this.elsewhere.size) * this.order.lines.length;
  }

  /** What keeps an order that is at work from being worked. */
  get heldBy(): HeldBy | undefined {
    if (!this.#parts.session.in) return 'sign-in';
    return this.clock.time === 'now' ? undefined : this.clock.time;
  }

  /** From now on whatever is attached is worked. */
  async resume(): Promise<void> {
    const { journal, store, lanes } = this.#parts;
    const before = this.state.is;
    this.state = { is: 'running' };
    this.#streak = 0;
    this.clock.look();
    if (before !== 'running') await journal.note(this.number, { step: 'order-resumed' });
    this.counts = await store.counts(this.number);
    await Promise.all(lanes().map((lane) => this.#again(lane)));
  }

  /** Looks at the clock, any number of times: once the order has begun, what waited for that goes on. */
  async lookAtClock(): Promise<void> {
    if (!this.clock.look() || this.state.is !== 'running') return;
    await Promise.all(this.#parts.lanes().map((lane) => this.#again(lane)));
  }

  /** No further key is begun; one that is under way is brought to its end. */
  async pause(): Promise<void> {
    if (this.state.is === 'paused') return;
    this.state = { is: 'paused' };
    await this.#parts.journal.note(this.number, { step: 'order-paused' });
  }

  /** A unit is there, read and settled. Any number of times; never rejects for an expected failure. */
  async arrive(lane: Lane): Promise<void> {
    const sn = lane.facts?.sn;
    if (sn === undefined || lane.busy || !lane.attached) return;
    const work = this.#workOn(lane, sn);
    if (this.#looking.has(work)) return;
    this.#looking.add(work);
    try {
      await this.#look(work);
    } catch (error) {
      work.phase = { is: 'held' };
      this.#halt(failureOf(error));
    } finally {
      this.#looking.delete(work);
    }
  }

  /** Goes on with a unit that waited for whoever signs in. */
  async settled(lane: Lane): Promise<void> {
    const phase = this.works.find((work) => work.lane === lane)?.phase;
    if (phase === undefined || ['arriving', 'held', 'unknown'].includes(phase.is)) await this.arrive(lane);
  }

  /** A unit of this number came while one of the same is here. */
  async twice(sn: string): Promise<void> {
    this.doubled = sn;
    this.#parts.signal('failed');
    await this.#parts.journal.note(this.number, { step: 'unit-refused', sn, refusal: 'twice' });
  }

  /** What stands on a label, scanned or typed. */
  async scan(written: string): Promise<void> {
    const sn = readSerialNumber(written);
    const waiting = this.works.filter(({ phase }) => phase.is === 'scan');
    const work = waiting.find((each) => each.sn === sn);
    this.strayScan = work ? undefined : written.trim();
    if (work) {
      work.isScanned = true;
      return await this.arrive(work.lane);
    }
    this.#parts.signal('failed');
    const [only, ...others] = waiting;
    if (only && others.length === 0) await this.#refuse(only, 'scan-differs');
  }

  /** Begins the unit again, for the operator's reason where one is given. */
  async retry(work: UnitProgress, reason?: string): Promise<void> {
    const { lane, sn } = work;
    if (lane.busy) return;
    if (reason !== undefined) work.reason = reason;
    if (work.row?.aside) {
      const { aside: _, reason: __, ...row } = work.row;
      await this.#note(work, { step: 'unit-retaken', sn }, row);
    }
    work.phase = { is: 'arriving' };
    if (lane.phase.is !== 'ready' && lane.phase.is !== 'done') await lane.retry();
    await this.arrive(lane);
  }

  /** Sets the unit aside: it counts as failed, for this reason. */
  async skip(work: UnitProgress, reason: string): Promise<void> {
    if (work.phase.is === 'loading') throw new RangeError('a unit is not set aside in mid-run');
    const row: UnitRow = { ...this.#rowOf(work), state: 'failed', aside: true, reason };
    await this.#note(work, { step: 'unit-skipped', sn: work.sn, reason }, row);
    work.phase = { is: 'aside', reason };
  }

  /** Says why these are not done: all of the reasons are kept or none. @throws ProtocolError unit-at-work, journal-full, journal-failed */
  async explain(reasons: readonly UnitReason[]): Promise<void> {
    const isAtWork = (sn: string): boolean => this.isAtWork(sn);
    await keepReasons({ ...this.#parts, at: this.#at(), isAtWork }, reasons, (before, row) => {
      this.#count(before, row);
      const work = this.works.find(({ sn }) => sn === row.sn);
      if (work) work.row = row;
    });
  }

  /** It is looked at or loaded at this station now. */
  isAtWork(sn: string): boolean {
    return [...this.#looking].some((work) => work.sn === sn);
  }

  /** At rest: what a page left in mid-run, or unknown, stands by now as the journal of its newest attempt says. */
  async reconcile(): Promise<void> {
    const elsewhere = new Set(this.elsewhere);
    const all = this.#parts.store.all(this.number);
    if (elsewhere.size > 0) for await (const { sn } of all) elsewhere.delete(sn);
    this.elsewhere = elsewhere;
    await recoverRows({ ...this.#parts, at: this.#at() }, (before, after) => this.#count(before, after));
  }

  /** Those that only waited for the order, the operator or the AS. */
  async #again(lane: Lane): Promise<void> {
    const phase = this.works.find((work) => work.lane === lane)?.phase;
    const isOver = phase && ['done', 'refused', 'aside', 'unknown', 'loading'].includes(phase.is);
    if (isOver || (phase?.is === 'failed' && !isNotTheUnit(phase.failure))) return;
    await this.arrive(lane);
  }

  #workOn(lane: Lane, sn: string): UnitProgress {
    const before = this.works.find((work) => work.sn === sn);
    // One of the two was plugged in anew, so they are told apart.
    if (this.doubled === sn && before && before.link !== lane.link.id) this.doubled = undefined;
    if (before?.lane === lane) {
      before.link = lane.link.id;
      return before;
    }
    const work = new UnitProgress(lane, sn);
    const present = new Set(this.#parts.lanes());
    this.works = [...this.works.filter((other) => other.lane !== lane && present.has(other.lane)), work];
    return work;
  }

  async #look(work: UnitProgress): Promise<void> {
    const { lane, sn } = work;
    work.row = await this.#parts.store.unit(this.number, sn);
    if (!lane.isReachable && lane.phase.is !== 'unknown') await lane.retry();
    const { facts, phase } = lane;
    if (!facts) return;
    if (phase.is === 'unread') {
      work.phase = { is: 'failed', failure: phase.failure };
      return;
    }
    if (phase.is === 'unknown' || phase.is === 'unverified') {
      work.phase = { is: 'unknown', failure: phase.failure };
      return this.#parts.signal('failed');
    }
    const refusal = refusalOf(this.order, facts);
    if (refusal) return await this.#refuse(work, refusal);
    if (work.row?.aside) {
      work.phase = { is: 'aside', reason: work.row.reason ?? '' };
      return;
    }
    const missing = missingLines(this.order, facts);
    if (missing.length === 0) return await this.#hadAll(work);
    const held = this.#gateOf(work, missing);
    if (held) work.phase = { is: held };
    else if (this.order.options.dryRun) await this.#rehearse(work, missing);
    else await this.#load(work, missing);
  }

  /** What has to come first. */
  #gateOf(work: UnitProgress, missing: readonly OrderLine[]): 'held' | 'scan' | 'reason' | undefined {
    if (this.state.is !== 'running' || this.heldBy) return 'held';
    if (this.order.options.requireLabelScan && !work.isScanned) return 'scan';
    const asks = work.reason === undefined && missing.some((line) => reasonFor(work.row, line) === ASK);
    return asks ? 'reason' : undefined;
  }

  async #load(work: UnitProgress, missing: readonly OrderLine[]): Promise<void> {
    const { ticks, session } = this.#parts;
    await this.exportsLeft.read();
    const { count } = this.exportsLeft;
    if (count !== undefined && count < missing.length) {
      work.phase = { is: 'held' };
      return this.#halt({ code: 'quota-used' });
    }
    const began = ticks();
    const known = work.row;
    const tries = (known?.tries ?? 0) + 1;
    for (const [index, line] of missing.entries()) {
      if (this.state.is !== 'running' || !session.in) {
        work.phase = { is: 'held' };
        return;
      }
      const { facts } = work.lane;
      const chosen = facts && choiceOf(line, facts, session.in, this.order.set);
      if (!chosen) return this.#end(work, { is: 'failed', failure: { code: 'set-unknown' }, stage: 'identity' });
      work.phase = { is: 'loading', line: this.order.lines.indexOf(line), lines: this.order.lines.length };
      const isLast = index === missing.length - 1;
      const reason = work.reason ?? reasonFor(known, line);
      const ending = await work.lane.load(chosen, {
        workOrder: this.order.id,
        order: this.number,
        suite: this.order.suite,
        reason,
        row: (standing) => {
          const before = { ...this.#rowOf(work), tries };
          const row = rowAfter(before, line, standing, { isLast, took: ticks() - began, at: this.#at() });
          this.#count(work.row, row);
          work.row = row;
          return row;
        },
      });
      work.took = ticks() - began;
      if (ending.is !== 'done' || isLast) return this.#end(work, ending);
    }
  }

  async #rehearse(work: UnitProgress, missing: readonly OrderLine[]): Promise<void> {
    const { session } = this.#parts;
    const { lane, sn } = work;
    for (const line of missing) {
      const chosen = lane.facts && session.in && choiceOf(line, lane.facts, session.in, this.order.set);
      if (!chosen) return this.#end(work, { is: 'failed', failure: { code: 'set-unknown' }, stage: 'identity' });
      work.phase = { is: 'loading', line: this.order.lines.indexOf(line), lines: this.order.lines.length };
      const failure = await lane.rehearse(chosen, this.order.suite);
      if (failure) return this.#end(work, { is: 'failed', failure, stage: 'challenge' });
    }
    await this.#note(work, { step: 'unit-rehearsed', sn }, { ...this.#rowOf(work), state: 'done' });
    work.phase = { is: 'done', how: 'rehearsed' };
    this.#parts.signal('done');
  }

  async #hadAll(work: UnitProgress): Promise<void> {
    if (work.row?.state !== 'done') {
      const { failure: _, ...row } = this.#rowOf(work);
      await this.#note(work, { step: 'unit-had-all', sn: work.sn }, { ...row, state: 'done' });
    }
    this.#streak = 0;
    work.phase = { is: 'done', how: 'had-all' };
    this.#parts.signal('done');
  }

  async #refuse(work: UnitProgress, refusal: Refusal): Promise<void> {
    work.phase = { is: 'refused', refusal };
    this.#parts.signal('failed');
    await this.#parts.journal.note(this.number, { step: 'unit-refused', sn: work.sn, refusal });
  }

  #end(work: UnitProgress, ending: Ending): void {
    work.reason = undefined;
    this.#parts.signal(ending.is === 'done' ? 'done' : 'failed');
    if (ending.is === 'done') {
      this.#streak = 0;
      work.phase = { is: 'done', how: 'loaded' };
      return;
    }
    const { failure } = ending;
    work.phase = ending.is === 'failed' ? { is: 'failed', failure } : { is: 'unknown', failure };
    const isOfTheUnit = !isNotTheUnit(failure);
    if (isOfTheUnit) this.#streak++;
    const { haltAfter } = this.order.options;
    if (!isOfTheUnit || (haltAfter !== null && this.#streak >= haltAfter)) this.#halt(failure);
  }

  #halt(failure: Failure): void {
    if (this.state.is !== 'running') return;
    this.state = { is: 'halted', failures: this.#streak, failure };
    this.#parts.journal.note(this.number, { step: 'order-halted', failures: this.#streak }).catch(failureOf);
  }

  async #note(work: UnitProgress, event: OrderEvent, changed: UnitRow): Promise<void> {
    const row = { ...changed, at: this.#at() };
    await this.#parts.journal.note(this.number, event, row);
    this.#count(work.row, row);
    work.row = row;
  }

  #count(before: UnitRow | undefined, after: UnitRow): void {
    if (this.elsewhere.has(after.sn)) this.elsewhere = new Set([...this.elsewhere].filter((sn) => sn !== after.sn));
    if (before?.state !== after.state) this.counts = countsAfter(this.counts, before, after);
  }

  #rowOf(work: UnitProgress): UnitRow {
    return work.row ?? newRow(this.number, work.sn, 'running', this.#at());
  }

  #at(): string {
    return this.#parts.now().toISOString();
  }
}
