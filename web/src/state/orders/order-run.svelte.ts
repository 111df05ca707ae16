// The hands-free run of a work order. Reads each attached unit, loads its missing lines and records
// the outcome. Lanes run concurrently. The journal holds the state of every unit.
import { readLabel } from '#protocol/orders/label.ts';
import type { OrderLine, WorkOrder } from '#protocol/orders/order.ts';
import type { EndedAs, OrderEvent, Refusal, UnitRow } from '../../journal/order-record.ts';
import { failureOf } from '../common/failure.ts';
import { ExportsLeft } from '../session/exports-left.svelte.ts';
import type { Lane } from '../station/lane.svelte.ts';
import type { Ending } from '../station/load-attempt.ts';
import type { OrderProgress, UnitLoader } from '../station/unit-loader.ts';
import { mergeProven } from './merge-proven.ts';
import { OrderCounts } from './order-counts.svelte.ts';
import { choiceOf, isSystemFailure, isTemporary, missingLines, newRow, refusalOf, rowAfter } from './order-rules.ts';
import { OrderValidity } from './order-validity.svelte.ts';
import { recoverRows } from './recover-rows.ts';
import { RunControl } from './run-control.svelte.ts';
import { mustScan, type OrderRunOptions, type RunState, type WaitReason } from './run-state.ts';
import { type OutcomeReason, saveReasons } from './save-reasons.ts';
import { UnitProgress, unloadedUnits } from './unit-progress.svelte.ts';

export class OrderRun implements UnitLoader {
  #units = $state.raw<readonly UnitProgress[]>([]);
  #unmatchedScan = $state.raw<string | undefined>();
  #duplicate = $state.raw<string | undefined>();
  readonly waitsForScan: boolean = $derived(this.#units.some(({ phase }) => phase.is === 'scan'));
  readonly isIdle: boolean = $derived(!this.#units.some(({ phase }) => phase.is === 'loading'));
  readonly counts: OrderCounts;
  readonly exportsLeft: ExportsLeft;
  readonly #options: OrderRunOptions;
  readonly #order: WorkOrder;
  readonly #control: RunControl;
  readonly #validity: OrderValidity;
  /** Units that are being read or loaded. A second event for one of them is ignored. */
  readonly #inUse = new Set<UnitProgress>();

  constructor(options: OrderRunOptions) {
    const { order, session, now } = options;
    this.#options = options;
    this.#order = order;
    this.#control = new RunControl(options);
    this.#validity = new OrderValidity(order, now);
    this.counts = new OrderCounts(order, options.counts, options.elsewhere);
    this.exportsLeft = new ExportsLeft(session);
  }

  get state(): RunState {
    return this.#control.state;
  }

  /** Units in the lanes of this station. */
  get units(): readonly UnitProgress[] {
    return this.#units;
  }

  /** The last label that was scanned or typed, if it belongs to no waiting unit. */
  get unmatchedScan(): string | undefined {
    return this.#unmatchedScan;
  }

  /** The serial number that two attached units share; undefined if there is none. */
  get duplicate(): string | undefined {
    return this.#duplicate;
  }

  get progress(): OrderProgress {
    return { ...this.counts.progress, isRunning: this.#control.isRunning };
  }

  /** How the order ended at the AS; undefined while it is open. After the end, no load starts. */
  get ended(): EndedAs | undefined {
    return this.#control.ended;
  }

  get waitReason(): WaitReason | undefined {
    const { time } = this.#validity;
    if (this.ended || time === 'over') return this.ended ?? 'over';
    if (!this.#options.session.signedIn) return 'sign-in';
    return time === 'now' ? undefined : time;
  }

  /** Starts or continues the run: loads every unit that is attached now or later. */
  async start(): Promise<void> {
    if (this.ended) return;
    this.#control.allowRecoveries();
    await this.#control.start();
    if (this.#control.isRunning) await this.#continue();
  }

  async #continue(): Promise<void> {
    this.#validity.check();
    this.counts.reset(await this.#options.store.counts(this.#options.chain));
    await this.#revisitAll();
  }

  /** Reads the clock, and loads the waiting units if the validity period has begun. */
  async checkValidity(): Promise<void> {
    if (this.#validity.check() && this.#control.isRunning) await this.#revisitAll();
  }

  /**
   * Called after a sign-in and when the network returns. Settles unknown outcomes, and continues
   * the run if it halted after a temporary failure.
   */
  async recover(): Promise<void> {
    this.#control.allowRecoveries();
    this.#options.requestProgress?.();
    await this.#recover();
  }

  get isRecovering(): boolean {
    return this.#control.isRecovering;
  }

  /** Recovers without the operator, if a temporary failure stopped the run or a unit. */
  async recoverAutomatically(): Promise<void> {
    const isNeeded = this.#units.some(({ failure }) => failure !== undefined && isTemporary(failure));
    await this.#control.recoverAutomatically(isNeeded, () => this.#recover());
  }

  async #recover(): Promise<void> {
    if (await this.#control.resume()) await this.#continue();
    else await this.#revisitAll();
  }

  /** Ends the run of an order that the AS has closed or revoked. Completes loads in progress. */
  async end(as: EndedAs): Promise<void> {
    if (this.ended === as) return;
    for (const unit of this.#units) unit.interrupt();
    await this.#control.end(as);
  }

  /** Records these units as done: the AS has all their receipts. Rejects if the journal fails. */
  async merge(sns: readonly string[]): Promise<void> {
    await this.#control.require(async () => this.counts.addElsewhere(await mergeProven(this.#updates(), sns)));
  }

  /** Pauses the run. Loads in progress are completed, but no further load starts. */
  async pause(): Promise<void> {
    await this.#control.pause();
  }

  async arrive(lane: Lane): Promise<void> {
    const sn = lane.facts?.sn;
    if (sn === undefined || lane.busy || !lane.attached || lane.phase.is === 'reading') return;
    const unit = this.#unitOn(lane, sn);
    if (this.#inUse.has(unit)) return;
    this.#inUse.add(unit);
    try {
      await this.#visit(unit);
    } catch (error) {
      unit.enter({ is: 'waiting' });
      this.#control.halt(failureOf(error));
    } finally {
      this.#inUse.delete(unit);
    }
    if (unit.phase.is === 'done' || unit.failure) this.#options.requestProgress?.(unit.failure);
  }

  async refuseDuplicate(sn: string): Promise<void> {
    this.#duplicate = sn;
    this.#options.signal('failed');
    await this.#control.note({ step: 'unit-refused', sn, refusal: 'twice' });
  }

  /** Loads the waiting unit whose serial number is `label`, a scanned or typed text. */
  async scan(label: string): Promise<void> {
    if (this.ended) return;
    const waiting = this.#units.filter(({ phase }) => phase.is === 'scan');
    const unit = waiting.find(({ sn }) => sn === readLabel(label));
    this.#unmatchedScan = unit ? undefined : label.trim();
    if (unit) {
      const { journal, chain } = this.#options;
      await this.#control.attempt(() => unit.confirmLabel((event) => journal.note(chain, event)));
      return unit.isScanned ? await this.arrive(unit.lane) : undefined;
    }
    this.#options.signal('failed');
    const [only, ...others] = waiting;
    if (only && others.length === 0) await this.#control.attempt(() => this.#refuse(only, 'scan-differs'));
  }

  /** Loads the unit again, even if it was set aside. `reason` is what the operator entered. */
  async retry(unit: UnitProgress, reason?: string): Promise<void> {
    const { lane, sn, row } = unit;
    if (lane.busy || this.ended) return;
    if (reason !== undefined) unit.setReason(reason);
    if (row?.aside) {
      const { aside: _, reason: __, ...rest } = row;
      await this.#control.attempt(() => this.#note(unit, { step: 'unit-retaken', sn }, rest));
    }
    unit.enter({ is: 'arriving' });
    if (lane.phase.is !== 'ready' && lane.phase.is !== 'done') await lane.retry();
    await this.arrive(lane);
  }

  /** Sets the unit aside; it counts as failed. @throws RangeError during a load */
  async skip(unit: UnitProgress, reason: string): Promise<void> {
    if (this.ended) return;
    if (unit.phase.is === 'loading') throw new RangeError('a unit cannot be set aside during a load');
    const row: UnitRow = { ...this.#rowOf(unit), state: 'failed', aside: true, reason };
    await this.#control.attempt(async () => {
      await this.#note(unit, { step: 'unit-skipped', sn: unit.sn, reason }, row);
      unit.enter({ is: 'aside', reason });
    });
  }

  /** Saves all reasons or none. @throws ProtocolError unit-at-work, journal-full, journal-failed */
  async explain(reasons: readonly OutcomeReason[]): Promise<void> {
    await saveReasons(this.#updates(), reasons);
  }

  /** Whether the unit is being read or loaded at this station. */
  isInUse(sn: string): boolean {
    return [...this.#inUse].some((unit) => unit.sn === sn);
  }

  /** Updates the rows that an earlier page left as running or unknown. Requires a paused run. */
  async reconcile(): Promise<void> {
    await this.counts.excludeStored(this.#options.store.all(this.#options.chain));
    await recoverRows(this.#updates());
  }

  /** Options for the functions that change rows outside a load. */
  #updates() {
    const onChange = (before: UnitRow | undefined, row: UnitRow): void => {
      this.counts.change(before, row);
      this.#units.find(({ sn }) => sn === row.sn)?.setRow(row);
    };
    const attached = unloadedUnits(this.#order, this.#units);
    return { ...this.#options, at: this.#at(), isInUse: (sn: string) => this.isInUse(sn), attached, onChange };
  }

  /** Tries waiting units and units with a system failure again. Settles unknown outcomes. */
  async #revisitAll(): Promise<void> {
    await Promise.all(
      this.#options.lanes().map(async (lane) => {
        if (lane.busy || this.#units.some((unit) => unit.lane === lane && unit.isSettledOrLoading)) return;
        if (lane.phase.is === 'unknown' || lane.phase.is === 'unverified') await lane.retry();
        await this.arrive(lane);
      }),
    );
  }

  #unitOn(lane: Lane, sn: string): UnitProgress {
    const before = this.#units.find((unit) => unit.sn === sn);
    // A new link means that one of the two units was plugged in again, and the other is gone.
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
    unit.setRow(await this.#options.store.unit(this.#options.chain, sn), this.counts.elsewhere.has(sn));
    if (!lane.isReachable && lane.phase.is !== 'unknown') await lane.retry();
    const { facts, phase } = lane;
    if (!facts) return;
    if (phase.is === 'unread') return unit.enter({ is: 'failed', failure: phase.failure });
    if (phase.is === 'unknown' || phase.is === 'unverified') {
      unit.enter({ is: 'unknown', failure: phase.failure });
      return this.#options.signal('failed');
    }
    if (this.ended) return unit.showRow();
    const refusal = refusalOf(this.#order, facts);
    if (refusal) return await this.#refuse(unit, refusal);
    if (unit.row?.aside) return unit.enter({ is: 'aside', reason: unit.row.reason ?? '' });
    const missing = missingLines(this.#order, facts, unit.isDone);
    if (missing.length === 0) return await this.#recordHadAll(unit);
    if (unit.isDone && this.#order.options.dryRun) return unit.enter({ is: 'done', how: 'rehearsed' });
    const wait = this.#waitPhase(unit, missing);
    if (wait) unit.enter({ is: wait });
    else if (this.#order.options.dryRun) await this.#rehearse(unit, missing);
    else await this.#load(unit, missing);
  }

  /** Returns the phase in which the unit must wait; undefined if it can be loaded now. */
  #waitPhase(unit: UnitProgress, missing: readonly OrderLine[]): 'waiting' | 'scan' | 'reason' | undefined {
    if (!this.#control.isRunning || this.waitReason) return 'waiting';
    if (!unit.isScanned && mustScan(this.#options)) return 'scan';
    return unit.needsReason(missing) ? 'reason' : undefined;
  }

  async #load(unit: UnitProgress, missing: readonly OrderLine[]): Promise<void> {
    const { ticks } = this.#options;
    await this.exportsLeft.read();
    const { count } = this.exportsLeft;
    if (count !== undefined && count < missing.length) {
      unit.enter({ is: 'waiting' });
      return this.#control.halt({ code: 'quota-used' });
    }
    const startedAt = ticks();
    const { row: rowBefore, isDone: wasDone } = unit;
    const tries = (rowBefore?.tries ?? 0) + 1;
    for (const [index, line] of missing.entries()) {
      const chosen = this.#choose(unit, line);
      if (!chosen) return;
      const isLast = index === missing.length - 1;
      const ending = await unit.lane.load(chosen, {
        workOrder: this.#order.id,
        orderChain: this.#options.chain,
        suite: this.#order.suite,
        reason: unit.reasonFor(line, rowBefore, wasDone),
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
      if (!chosen) return;
      const failure = await unit.lane.rehearse(chosen, this.#order.suite);
      if (failure) return this.#end(unit, { is: 'failed', failure, stage: 'challenge' });
    }
    await this.#note(unit, { step: 'unit-rehearsed', sn: unit.sn }, { ...this.#rowOf(unit), state: 'done' });
    unit.enter({ is: 'done', how: 'rehearsed' });
    this.#options.signal('done');
  }

  /**
   * Returns the key and slot of a line. If the line cannot be loaded now, enters the phase that
   * states why, and returns undefined.
   */
  #choose(unit: UnitProgress, line: OrderLine) {
    const { facts, isInOtherTab, isReachable } = unit.lane;
    const { signedIn } = this.#options.session;
    if (isInOtherTab) unit.enter({ is: 'failed', failure: { code: 'unit-elsewhere' } });
    else if (!this.#control.isRunning || !signedIn || !facts || !isReachable) unit.enter({ is: 'waiting' });
    else {
      const { lines, set } = this.#order;
      const chosen = choiceOf(line, facts, signedIn, set);
      if (chosen) unit.enter({ is: 'loading', line: lines.indexOf(line), lines: lines.length });
      else this.#end(unit, { is: 'failed', failure: { code: 'set-unknown' }, stage: 'identity' });
      return chosen;
    }
    return undefined;
  }

  async #recordHadAll(unit: UnitProgress): Promise<void> {
    if (unit.row?.state !== 'done') {
      const { failure: _, ...row } = this.#rowOf(unit);
      await this.#note(unit, { step: 'unit-had-all', sn: unit.sn }, { ...row, state: 'done' });
      this.#control.countDone();
    }
    unit.enter({ is: 'done', how: 'had-all' });
    this.#options.signal('done');
  }

  async #refuse(unit: UnitProgress, refusal: Refusal): Promise<void> {
    unit.enter({ is: 'refused', refusal });
    this.#options.signal('failed');
    await this.#options.journal.note(this.#options.chain, { step: 'unit-refused', sn: unit.sn, refusal });
  }

  #end(unit: UnitProgress, ending: Ending): void {
    this.#options.signal(ending.is === 'done' ? 'done' : 'failed');
    const failure = ending.is === 'done' ? undefined : ending.failure;
    // After a system failure, the next try of the export uses the operator's reason again.
    if (!failure || !isSystemFailure(failure)) unit.setReason(undefined);
    if (!failure) {
      this.#control.countDone();
      unit.enter({ is: 'done', how: 'loaded' });
    } else if (failure.code === 'reason-needed') unit.enter({ is: 'reason' });
    else {
      unit.enter({ is: ending.is === 'failed' ? 'failed' : 'unknown', failure });
      this.#control.countFailure(failure, this.#order.options.haltAfter);
    }
  }

  async #note(unit: UnitProgress, event: OrderEvent, changed: UnitRow): Promise<void> {
    const row = { ...changed, at: this.#at() };
    await this.#options.journal.note(this.#options.chain, event, row);
    this.#take(unit, row);
  }

  #take(unit: UnitProgress, row: UnitRow): void {
    this.counts.change(unit.row, row);
    unit.setRow(row);
  }

  #rowOf(unit: UnitProgress): UnitRow {
    return unit.row ?? newRow(this.#options.chain, unit.sn, 'running', this.#at());
  }

  #at(): string {
    return this.#options.now().toISOString();
  }
}
