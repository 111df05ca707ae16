// The hands-free run of a work order: reads each attached unit, loads the lines that it lacks, and
// records how it ended. Lanes run concurrently. The journal holds the state of every unit, so that
// a later page can continue after a crash.
import type { OrderLine, WorkOrder } from '#protocol/orders/order.ts';
import type { UnitReason } from '#protocol/orders/reason-list.ts';
import { readSerialNumber } from '#protocol/orders/units.ts';
import type { Journal } from '../../journal/journal.ts';
import type { OrderEvent, Refusal, UnitRow } from '../../journal/order-record.ts';
import type { Counts, WorkOrderStore } from '../../journal/work-orders.ts';
import { type Failure, failureOf } from '../common/failure.ts';
import { ExportsLeft } from '../session/exports-left.svelte.ts';
import type { Session } from '../session/session.svelte.ts';
import type { Attendant, OrderProgress } from '../station/attendant.ts';
import type { Lane } from '../station/lane.svelte.ts';
import type { Ending } from '../station/load-attempt.ts';
import { OrderCounts } from './order-counts.svelte.ts';
import { choiceOf, isSystemFailure, missingLines, newRow, refusalOf, rowAfter } from './order-rules.ts';
import { OrderValidity } from './order-validity.svelte.ts';
import { recoverRows } from './recover-rows.ts';
import { saveReasons } from './save-reasons.ts';
import { UnitProgress } from './unit-progress.svelte.ts';

export type RunState =
  | { readonly is: 'running' }
  | { readonly is: 'paused' }
  /** After `failures` failed units in a row, or after one failure that no unit caused. */
  | { readonly is: 'halted'; readonly failures: number; readonly failure: Failure };

/** Why a running order loads no unit: no session, before its period, or after its period. */
export type WaitReason = 'sign-in' | 'early' | 'over';

export interface OrderRunOptions {
  readonly order: WorkOrder;
  /** Number of the order's chain in the journal. */
  readonly chain: number;
  readonly counts: Counts;
  /** Serial numbers of the units that the AS lists as done, at any station. */
  readonly elsewhere: ReadonlySet<string>;
  readonly journal: Pick<Journal, 'note' | 'get'>;
  readonly store: Pick<WorkOrderStore, 'unit' | 'rowsOf' | 'unitsIn' | 'counts' | 'all'>;
  readonly session: Session;
  readonly lanes: () => readonly Lane[];
  readonly now: () => Date;
  /** A monotonic clock, in milliseconds. */
  readonly ticks: () => number;
  /** Plays the signal for a unit that is done, or that needs the operator. */
  readonly signal: (what: 'done' | 'failed') => void;
}

export class OrderRun implements Attendant {
  #state = $state.raw<RunState>({ is: 'paused' });
  #units = $state.raw<readonly UnitProgress[]>([]);
  #unmatchedScan = $state.raw<string | undefined>();
  #duplicate = $state.raw<string | undefined>();
  readonly waitsForScan: boolean = $derived(this.#units.some(({ phase }) => phase.is === 'scan'));
  readonly isIdle: boolean = $derived(!this.#units.some(({ phase }) => phase.is === 'loading'));
  readonly counts: OrderCounts;
  readonly exportsLeft: ExportsLeft;
  readonly #options: OrderRunOptions;
  readonly #order: WorkOrder;
  readonly #chain: number;
  readonly #validity: OrderValidity;
  /** Number of units that failed in a row. */
  #streak = 0;
  /** Units that are being read or loaded. A second event for one of them is ignored. */
  readonly #inUse = new Set<UnitProgress>();

  constructor(options: OrderRunOptions) {
    const { order, chain, session, now } = options;
    this.#options = options;
    this.#order = order;
    this.#chain = chain;
    this.#validity = new OrderValidity(order, now);
    this.counts = new OrderCounts(order, options.counts, options.elsewhere);
    this.exportsLeft = new ExportsLeft(session);
  }

  get state(): RunState {
    return this.#state;
  }

  /** Units in the lanes of this station. */
  get units(): readonly UnitProgress[] {
    return this.#units;
  }

  /** The last number that the operator scanned, when no waiting unit has it. */
  get unmatchedScan(): string | undefined {
    return this.#unmatchedScan;
  }

  /** Serial number of which a second unit was attached. */
  get duplicate(): string | undefined {
    return this.#duplicate;
  }

  get progress(): OrderProgress {
    const { id, count } = this.#order;
    return { id, done: this.counts.done, total: count, failed: this.counts.here.failed };
  }

  get waitReason(): WaitReason | undefined {
    if (!this.#options.session.signedIn) return 'sign-in';
    return this.#validity.time === 'now' ? undefined : this.#validity.time;
  }

  /** Starts or continues the run: loads every unit that is attached now or later. */
  async start(): Promise<void> {
    const { journal, store } = this.#options;
    const before = this.#state.is;
    this.#state = { is: 'running' };
    this.#streak = 0;
    this.#validity.check();
    if (before !== 'running') await journal.note(this.#chain, { step: 'order-resumed' });
    this.counts.reset(await store.counts(this.#chain));
    await this.#revisitAll();
  }

  /** Reads the clock, and loads the waiting units when the period of the order has begun. */
  async checkValidity(): Promise<void> {
    if (this.#validity.check() && this.#state.is === 'running') await this.#revisitAll();
  }

  /** Starts no further load. Loads in progress are completed. */
  async pause(): Promise<void> {
    if (this.#state.is === 'paused') return;
    this.#state = { is: 'paused' };
    await this.#options.journal.note(this.#chain, { step: 'order-paused' });
  }

  async arrive(lane: Lane): Promise<void> {
    const sn = lane.facts?.sn;
    if (sn === undefined || lane.busy || !lane.attached) return;
    const unit = this.#unitOn(lane, sn);
    if (this.#inUse.has(unit)) return;
    this.#inUse.add(unit);
    try {
      await this.#visit(unit);
    } catch (error) {
      unit.enter({ is: 'waiting' });
      this.#halt(failureOf(error));
    } finally {
      this.#inUse.delete(unit);
    }
  }

  async settled(lane: Lane): Promise<void> {
    const phase = this.#phaseOn(lane);
    if (phase === undefined || ['arriving', 'waiting', 'unknown'].includes(phase.is)) await this.arrive(lane);
  }

  async twice(sn: string): Promise<void> {
    this.#duplicate = sn;
    this.#options.signal('failed');
    await this.#options.journal.note(this.#chain, { step: 'unit-refused', sn, refusal: 'twice' });
  }

  /** Loads the waiting unit whose serial number is on the label, scanned or typed. */
  async scan(label: string): Promise<void> {
    const sn = readSerialNumber(label);
    const waiting = this.#units.filter(({ phase }) => phase.is === 'scan');
    const unit = waiting.find((each) => each.sn === sn);
    this.#unmatchedScan = unit ? undefined : label.trim();
    if (unit) {
      unit.confirmLabel();
      return await this.arrive(unit.lane);
    }
    this.#options.signal('failed');
    const [only, ...others] = waiting;
    if (only && others.length === 0) await this.#refuse(only, 'scan-differs');
  }

  /** Loads the unit again, also after it was set aside. `reason`: that of the operator. */
  async retry(unit: UnitProgress, reason?: string): Promise<void> {
    const { lane, sn, row } = unit;
    if (lane.busy) return;
    if (reason !== undefined) unit.setReason(reason);
    if (row?.aside) {
      const { aside: _, reason: __, ...rest } = row;
      await this.#note(unit, { step: 'unit-retaken', sn }, rest);
    }
    unit.enter({ is: 'arriving' });
    if (lane.phase.is !== 'ready' && lane.phase.is !== 'done') await lane.retry();
    await this.arrive(lane);
  }

  /** Sets the unit aside; it counts as failed. @throws RangeError during a load */
  async skip(unit: UnitProgress, reason: string): Promise<void> {
    if (unit.phase.is === 'loading') throw new RangeError('a unit cannot be set aside during a load');
    const row: UnitRow = { ...this.#rowOf(unit), state: 'failed', aside: true, reason };
    await this.#note(unit, { step: 'unit-skipped', sn: unit.sn, reason }, row);
    unit.enter({ is: 'aside', reason });
  }

  /**
   * Records why units are not done: all reasons or none.
   * @throws ProtocolError unit-at-work, journal-full, journal-failed
   */
  async explain(reasons: readonly UnitReason[]): Promise<void> {
    const onChange = (before: UnitRow | undefined, row: UnitRow): void => {
      this.counts.change(before, row);
      this.#units.find(({ sn }) => sn === row.sn)?.setRow(row);
    };
    const isInUse = (sn: string): boolean => this.isInUse(sn);
    await saveReasons({ ...this.#options, at: this.#at(), isInUse, onChange }, reasons);
  }

  /** Whether the unit is being read or loaded at this station. */
  isInUse(sn: string): boolean {
    return [...this.#inUse].some((unit) => unit.sn === sn);
  }

  /** Updates the rows that an earlier page left as running or unknown. Requires a paused run. */
  async reconcile(): Promise<void> {
    const { elsewhere } = this.counts;
    if (elsewhere.size > 0) {
      const sns: string[] = [];
      for await (const { sn } of this.#options.store.all(this.#chain)) if (elsewhere.has(sn)) sns.push(sn);
      this.counts.excludeElsewhere(sns);
    }
    const onChange = (before: UnitRow, after: UnitRow): void => this.counts.change(before, after);
    await recoverRows({ ...this.#options, at: this.#at(), onChange });
  }

  /** Visits the units that wait for the order, the operator or the AS. */
  async #revisitAll(): Promise<void> {
    await Promise.all(
      this.#options.lanes().map(async (lane) => {
        const phase = this.#phaseOn(lane);
        const isOver = phase && ['done', 'refused', 'aside', 'unknown', 'loading'].includes(phase.is);
        if (isOver || (phase?.is === 'failed' && !isSystemFailure(phase.failure))) return;
        await this.arrive(lane);
      }),
    );
  }

  #phaseOn(lane: Lane): UnitProgress['phase'] | undefined {
    return this.#units.find((unit) => unit.lane === lane)?.phase;
  }

  #unitOn(lane: Lane, sn: string): UnitProgress {
    const before = this.#units.find((unit) => unit.sn === sn);
    // The operator has plugged one of the two units in again, so the other one is gone.
    if (this.#duplicate === sn && before && before.linkId !== lane.link.id) this.#duplicate = undefined;
    if (before?.lane === lane) {
      before.setLink(lane.link.id);
      return before;
    }
    const unit = new UnitProgress(lane, sn);
    const present = new Set(this.#options.lanes());
    this.#units = [...this.#units.filter((other) => other.lane !== lane && present.has(other.lane)), unit];
    return unit;
  }

  async #visit(unit: UnitProgress): Promise<void> {
    const { lane, sn } = unit;
    unit.setRow(await this.#options.store.unit(this.#chain, sn));
    if (!lane.isReachable && lane.phase.is !== 'unknown') await lane.retry();
    const { facts, phase } = lane;
    if (!facts) return;
    if (phase.is === 'unread') return unit.enter({ is: 'failed', failure: phase.failure });
    if (phase.is === 'unknown' || phase.is === 'unverified') {
      unit.enter({ is: 'unknown', failure: phase.failure });
      return this.#options.signal('failed');
    }
    const refusal = refusalOf(this.#order, facts);
    if (refusal) return await this.#refuse(unit, refusal);
    if (unit.row?.aside) return unit.enter({ is: 'aside', reason: unit.row.reason ?? '' });
    const missing = missingLines(this.#order, facts);
    if (missing.length === 0) return await this.#recordHadAll(unit);
    const wait = this.#waitPhase(unit, missing);
    if (wait) unit.enter({ is: wait });
    else if (this.#order.options.dryRun) await this.#rehearse(unit, missing);
    else await this.#load(unit, missing);
  }

  /** What must happen before the unit is loaded. */
  #waitPhase(unit: UnitProgress, missing: readonly OrderLine[]): 'waiting' | 'scan' | 'reason' | undefined {
    if (this.#state.is !== 'running' || this.waitReason) return 'waiting';
    if (this.#order.options.requireLabelScan && !unit.isScanned) return 'scan';
    return unit.needsReason(missing) ? 'reason' : undefined;
  }

  async #load(unit: UnitProgress, missing: readonly OrderLine[]): Promise<void> {
    const { ticks, session } = this.#options;
    await this.exportsLeft.read();
    const { count } = this.exportsLeft;
    if (count !== undefined && count < missing.length) {
      unit.enter({ is: 'waiting' });
      return this.#halt({ code: 'quota-used' });
    }
    const startedAt = ticks();
    const rowBefore = unit.row;
    const tries = (rowBefore?.tries ?? 0) + 1;
    for (const [index, line] of missing.entries()) {
      if (this.#state.is !== 'running' || !session.signedIn) return unit.enter({ is: 'waiting' });
      const chosen = this.#choose(unit, line);
      if (!chosen) return this.#end(unit, { is: 'failed', failure: { code: 'set-unknown' }, stage: 'identity' });
      const isLast = index === missing.length - 1;
      const ending = await unit.lane.load(chosen, {
        workOrder: this.#order.id,
        orderChain: this.#chain,
        suite: this.#order.suite,
        reason: unit.reasonFor(line, rowBefore),
        row: (status) => {
          const before = { ...this.#rowOf(unit), tries };
          const row = rowAfter(before, line, status, { isLast, took: ticks() - startedAt, at: this.#at() });
          this.#take(unit, row);
          return row;
        },
      });
      unit.measure(ticks() - startedAt);
      if (ending.is !== 'done' || isLast) return this.#end(unit, ending);
    }
  }

  async #rehearse(unit: UnitProgress, missing: readonly OrderLine[]): Promise<void> {
    for (const line of missing) {
      const chosen = this.#choose(unit, line);
      if (!chosen) return this.#end(unit, { is: 'failed', failure: { code: 'set-unknown' }, stage: 'identity' });
      const failure = await unit.lane.rehearse(chosen, this.#order.suite);
      if (failure) return this.#end(unit, { is: 'failed', failure, stage: 'challenge' });
    }
    await this.#note(unit, { step: 'unit-rehearsed', sn: unit.sn }, { ...this.#rowOf(unit), state: 'done' });
    unit.enter({ is: 'done', how: 'rehearsed' });
    this.#options.signal('done');
  }

  /** The key and slot of the next line; undefined when the AS does not list the set. */
  #choose(unit: UnitProgress, line: OrderLine) {
    const { facts } = unit.lane;
    const { signedIn } = this.#options.session;
    const chosen = facts && signedIn && choiceOf(line, facts, signedIn, this.#order.set);
    const { lines } = this.#order;
    if (chosen) unit.enter({ is: 'loading', line: lines.indexOf(line), lines: lines.length });
    return chosen;
  }

  async #recordHadAll(unit: UnitProgress): Promise<void> {
    if (unit.row?.state !== 'done') {
      const { failure: _, ...row } = this.#rowOf(unit);
      await this.#note(unit, { step: 'unit-had-all', sn: unit.sn }, { ...row, state: 'done' });
    }
    this.#streak = 0;
    unit.enter({ is: 'done', how: 'had-all' });
    this.#options.signal('done');
  }

  async #refuse(unit: UnitProgress, refusal: Refusal): Promise<void> {
    unit.enter({ is: 'refused', refusal });
    this.#options.signal('failed');
    await this.#options.journal.note(this.#chain, { step: 'unit-refused', sn: unit.sn, refusal });
  }

  #end(unit: UnitProgress, ending: Ending): void {
    this.#options.signal(ending.is === 'done' ? 'done' : 'failed');
    if (ending.is === 'done') {
      unit.setReason(undefined);
      this.#streak = 0;
      unit.enter({ is: 'done', how: 'loaded' });
      return;
    }
    const { failure } = ending;
    const isSystem = isSystemFailure(failure);
    // The reason of the operator holds until its export was made.
    if (!isSystem) unit.setReason(undefined);
    if (failure.code === 'reason-needed') return unit.enter({ is: 'reason' });
    unit.enter({ is: ending.is === 'failed' ? 'failed' : 'unknown', failure });
    if (!isSystem) this.#streak++;
    const { haltAfter } = this.#order.options;
    if (isSystem || (haltAfter !== null && this.#streak >= haltAfter)) this.#halt(failure);
  }

  #halt(failure: Failure): void {
    if (this.#state.is !== 'running') return;
    this.#state = { is: 'halted', failures: this.#streak, failure };
    this.#options.journal.note(this.#chain, { step: 'order-halted', failures: this.#streak }).catch(failureOf);
  }

  async #note(unit: UnitProgress, event: OrderEvent, changed: UnitRow): Promise<void> {
    const row = { ...changed, at: this.#at() };
    await this.#options.journal.note(this.#chain, event, row);
    this.#take(unit, row);
  }

  #take(unit: UnitProgress, row: UnitRow): void {
    this.counts.change(unit.row, row);
    unit.setRow(row);
  }

  #rowOf(unit: UnitProgress): UnitRow {
    return unit.row ?? newRow(this.#chain, unit.sn, 'running', this.#at());
  }

  #at(): string {
    return this.#options.now().toISOString();
  }
}
