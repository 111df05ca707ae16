// The work order that the station has open: its run, the list of its units, and its closing.
import { hexNumber } from '#protocol/bytes/hex.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { Outcome } from '#protocol/orders/balance.ts';
import type { WorkOrder } from '#protocol/orders/order.ts';
import type { StationReportJson, StationUnitJson } from '#protocol/orders/requests.ts';
import type { Closing, WorkOrders } from '../../as-client/work-orders.ts';
import type { Journal } from '../../journal/journal.ts';
import type { EndedAs, OrderRecord, UnitRow, UnitState } from '../../journal/order-record.ts';
import type { Counts, WorkOrderStore } from '../../journal/work-orders.ts';
import { storedReason } from '../common/entered-text.ts';
import type { Failure } from '../common/failure.ts';
import { Task } from '../common/task.svelte.ts';
import type { UnitLabel } from '../common/unit-label.ts';
import type { Feedback } from '../page/feedback.svelte.ts';
import type { Station } from '../station/station.svelte.ts';
import { FollowedOrder } from './followed-order.svelte.ts';
import { ListExchange } from './list-exchange.svelte.ts';
import { OrderRun } from './order-run.svelte.ts';
import type { OutcomeReason } from './save-reasons.ts';
import { unloadedUnits } from './unit-progress.svelte.ts';
import { type ReportedUnits, reportedUnits } from './unit-state.ts';
import { UnitTable } from './unit-table.svelte.ts';

export interface OpenOrderOptions {
  readonly station: Station;
  readonly remote: Pick<WorkOrders, 'report' | 'reportFile' | 'progress'>;
  readonly store: WorkOrderStore;
  readonly journal: Pick<Journal, 'note' | 'get' | 'requireChain'>;
  readonly feedback: Pick<Feedback, 'give'>;
  readonly now: () => Date;
  /** A monotonic clock, in milliseconds. */
  readonly ticks: () => number;
  /** Whether the labels of every order are scanned, even if the order does not require scanning. */
  readonly scansLabels?: (() => boolean) | undefined;
  /** Version and build of this page. */
  readonly app: () => Promise<StationReportJson['app']>;
  /** Returns a sentence about a failure, for the report. */
  readonly wordsOf: (failure: Failure) => Promise<string>;
  /** The newest audit head that this page has received. */
  readonly head: () => StationReportJson['head'];
  readonly order: WorkOrder;
  readonly record: OrderRecord;
  readonly counts: Counts;
  /** Serial numbers of the units that the AS lists as done, at any station. */
  readonly elsewhere: ReadonlySet<string>;
  /** How the order had ended before this station opened it; undefined if it had not ended. */
  readonly endedAs: EndedAs | undefined;
  /** Whether the journal may run out of space before the order is done. */
  readonly lacksSpace: boolean;
}

interface ReportOptions {
  /** Whether the AS closes the order if it balances. */
  readonly close: boolean;
  readonly absentReason: string;
  readonly reasons: readonly OutcomeReason[];
}

const OUTCOMES: Readonly<Record<UnitState, Outcome>> = {
  running: 'unknown',
  done: 'done',
  failed: 'failed',
  unknown: 'unknown',
  absent: 'absent',
};

export class OpenOrder {
  readonly order: WorkOrder;
  readonly run: OrderRun;
  readonly table: UnitTable;
  readonly lists: ListExchange;
  /** State and progress of the order at the AS. */
  readonly remote: FollowedOrder;
  readonly lacksSpace: boolean;
  #report = $state.raw<string | undefined>();
  #closing = $state.raw<Closing | undefined>();
  /** The units of the report; empty until the order is closed. */
  readonly reported: ReportedUnits = $derived(reportedUnits(this.#report));
  readonly #task: Task;
  readonly #options: OpenOrderOptions;

  constructor(options: OpenOrderOptions) {
    const { station, record, order, store, feedback } = options;
    const chain = record.order;
    this.#options = options;
    this.#report = record.report;
    this.#task = new Task((failure) => station.session.endOn(failure));
    this.order = order;
    this.lacksSpace = options.lacksSpace;
    const run = new OrderRun({
      ...options,
      chain,
      session: station.session,
      lanes: () => station.lanes,
      signal: (what) => feedback.give(what),
      requestProgress: (failure) => void this.remote.followSoon(failure),
    });
    this.remote = new FollowedOrder({ ...options, run, onEnded: (as) => this.#fetchEnd(as) });
    const elsewhere = (): ReadonlySet<string> => run.counts.elsewhere;
    this.run = run;
    const reported = (): ReportedUnits => this.reported;
    this.table = new UnitTable({ chain, ranges: order.units, store, elsewhere, reported });
    this.lists = new ListExchange({
      order,
      elsewhere,
      reported,
      rows: () => store.all(chain),
      explain: async (reasons) => {
        if (run.ended) throw new ProtocolError('order-ended', `the order is ${run.ended}`);
        await run.explain(reasons);
      },
      isInUse: (sn) => run.isInUse(sn),
    });
  }

  /** The report file; undefined until the order is closed. */
  get report(): string | undefined {
    return this.#report;
  }

  /**
   * The last answer of the AS about the end of the order: that the order is closed, or how it would
   * end. Undefined before a request, and after the operator has cancelled the closing.
   */
  get closing(): Closing | undefined {
    return this.#closing;
  }

  get failure(): Failure | undefined {
    return this.#task.failure;
  }

  get isBusy(): boolean {
    return this.#task.isBusy;
  }

  /** Whether the order has ended, so that this station only shows it. */
  get isReadOnly(): boolean {
    return this.run.ended !== undefined;
  }

  /** Whether every unit is done. */
  get isComplete(): boolean {
    const { counts } = this.run;
    return counts.done === this.order.count;
  }

  /**
   * Whether more units are done than the AS has receipts for. The receipts of a vault's exports
   * reach the AS only with the vault journal.
   */
  get hasUnproven(): boolean {
    return this.remote.isAvailable && this.run.counts.done > this.remote.proven;
  }

  /**
   * Closes the order if every unit is done. Otherwise only asks the AS how the order would end, so
   * that the operator can confirm it.
   * @throws RangeError during a load
   */
  async requestClosing(): Promise<void> {
    await this.#sendReport({ close: this.isComplete, absentReason: '', reasons: [] });
  }

  /** Returns one label for each key that this station has loaded for the order. */
  async labels(): Promise<readonly UnitLabel[]> {
    const { store, record } = this.#options;
    const { id, lines, options } = this.order;
    const labels: UnitLabel[] = [];
    if (options.dryRun) return labels;
    for await (const { sn, state } of store.all(record.order)) {
      if (state === 'done') labels.push(...lines.map(({ kcv, label }) => ({ sn, kcv, key: label, order: id })));
    }
    return labels;
  }

  /** Discards the answer of the AS about how the order would end. */
  cancelClosing(): void {
    this.#closing = undefined;
  }

  /**
   * Closes the order if it balances. `absentReason` applies to the units that were never attached,
   * `reasons` to other units that are not done.
   * @throws RangeError during a load
   */
  async close(absentReason: string, reasons: readonly OutcomeReason[] = []): Promise<void> {
    await this.#sendReport({ close: true, absentReason, reasons });
  }

  /** Saves the reasons, and reports the outcome of each unit to the AS. */
  async #sendReport({ close, absentReason, reasons }: ReportOptions): Promise<void> {
    const { remote, order } = this.#options;
    if (!this.run.isIdle) throw new RangeError('an order cannot be closed during a load');
    if (this.run.ended === 'closed') return;
    await this.#task.run(async () => {
      this.#options.journal.requireChain(this.#options.record.order);
      await this.run.pause();
      await this.run.reconcile();
      await this.run.explain(reasons);
      const reason = absentReason.trim();
      const closing = await remote.report(order.id, {
        app: await this.#options.app(),
        head: this.#options.head(),
        units: await this.#unitReports(),
        absentReason: reason === '' ? null : reason,
        close,
      });
      // If the operator has started the order again meanwhile, the answer is out of date.
      this.#closing = closing.closed || this.run.state.is !== 'running' ? closing : undefined;
      if (closing.closed) await this.#fetchEnd('closed');
    });
  }

  /** Records that the order has ended. If it was closed, fetches the report. */
  async #fetchEnd(as: EndedAs): Promise<void> {
    const { remote, store, record, order } = this.#options;
    if (this.run.ended === as && (as === 'revoked' || this.#report !== undefined)) return;
    await this.run.end(as);
    await store.end(record.order, as);
    if (as === 'revoked') return;
    const report = await remote.reportFile(order.id);
    await store.close(record.order, report);
    this.#report = report;
  }

  async #unitReports(): Promise<readonly StationUnitJson[]> {
    const { store, record } = this.#options;
    const reports: StationUnitJson[] = [];
    for await (const row of store.all(record.order)) reports.push(await this.#unitReport(row));
    // These units have no row. If the report left them out, the AS would count them as absent.
    const unloaded = { outcome: 'failed', reason: null, begun: null, ended: null } as const;
    return [...reports, ...unloadedUnits(this.order, this.run.units).map((sn) => ({ sn, ...unloaded }))];
  }

  async #unitReport(row: UnitRow): Promise<StationUnitJson> {
    const { sn, state, begun, at } = row;
    const outcome = OUTCOMES[state];
    return { sn, outcome, reason: outcome === 'done' ? null : await this.#reasonOf(row), begun, ended: at };
  }

  /** Returns the operator's reason or, if there is none, the failure in words and as a code. */
  async #reasonOf({ reason, failure }: UnitRow): Promise<string | null> {
    const given = reason === undefined ? undefined : storedReason(reason);
    if (given !== undefined) return given;
    // `reason-needed` only means that the AS asked for a reason, so the code is not a reason.
    if (failure === undefined || failure.code === 'reason-needed') return null;
    return `${await this.#options.wordsOf(failure)} (${codeOf(failure)})`;
  }
}

function codeOf({ code, command = '', statusWord }: Failure): string {
  return statusWord === undefined ? code : `${command} ${hexNumber(statusWord, 4)}`;
}
