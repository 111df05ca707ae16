// One work order on the desk: at work, as a list of its units, and at its closing, where it must balance.
import { hexNumber } from '#protocol/bytes/hex.ts';
import type { Outcome } from '#protocol/orders/balance.ts';
import type { OrderState, StationReportJson, StationUnitJson } from '#protocol/orders/messages.ts';
import type { WorkOrder } from '#protocol/orders/order.ts';
import type { UnitReason } from '#protocol/orders/reason-list.ts';
import type { Closing, WorkOrders } from '../../as-client/work-orders.ts';
import type { Journal } from '../../journal/journal.ts';
import type { OrderRecord, UnitRow, UnitState } from '../../journal/order-record.ts';
import type { Counts, WorkOrderStore } from '../../journal/work-orders.ts';
import { type Failure, failureOf } from '../common/failure.ts';
import type { Feedback } from '../page/feedback.svelte.ts';
import type { Station } from '../station/station.svelte.ts';
import { OrderLists } from './list-exchange.svelte.ts';
import { OrderRun } from './order-run.svelte.ts';
import { UnitTable } from './unit-table.svelte.ts';

export interface PreferencesOptions {
  readonly station: Station;
  readonly remote: Pick<WorkOrders, 'report' | 'reportFile'>;
  readonly store: WorkOrderStore;
  readonly journal: Pick<Journal, 'note' | 'get'>;
  readonly signals: Feedback;
  readonly now: () => Date;
  readonly ticks: () => number;
  readonly app: () => Promise<{ readonly version: string; readonly build: string }>;
  /** The newest head of the AS's audit log that this page saw. */
  readonly head: () => StationReportJson['head'];
  readonly order: WorkOrder;
  readonly record: OrderRecord;
  readonly counts: Counts;
  /** Units that are done by the AS's word. */
  readonly elsewhere: ReadonlySet<string>;
}

const OUTCOMES: Readonly<Record<UnitState, Outcome>> = {
  running: 'unknown',
  done: 'done',
  failed: 'failed',
  unknown: 'unknown',
  absent: 'absent',
};

export class OpenOrder {
  readonly run: OrderRun;
  readonly table: UnitTable;
  readonly lists: OrderLists;
  readonly order: WorkOrder;
  /** The file of its report, once it is closed. */
  report = $state.raw<string | undefined>();
  /** The AS's answer to the last closing that did not balance. */
  closing = $state.raw<Closing | undefined>();
  failure = $state.raw<Failure | undefined>();
  busy = $state.raw(false);
  /** The browser may run out of room for the journal before the order is done. */
  lacksRoom = $state.raw(false);
  /** What the AS says of it, where it is not open any more. */
  closedBefore = $state.raw<Exclude<OrderState, 'open'> | undefined>();

  readonly #parts: PreferencesOptions;

  constructor(parts: PreferencesOptions) {
    const { station, record, order, store, signals, elsewhere } = parts;
    this.#parts = parts;
    this.order = order;
    this.report = record.report;
    this.run = new OrderRun({
      ...parts,
      number: record.order,
      elsewhere,
      session: station.session,
      lanes: () => station.lanes,
      signal: (what) => signals.give(what),
    });
    this.table = new UnitTable(record.order, order.units, store, () => this.run.elsewhere);
    this.lists = new OrderLists({
      order,
      rows: () => store.all(record.order),
      elsewhere: () => this.run.elsewhere,
      explain: (reasons) => this.run.explain(reasons),
      isAtWork: (sn) => this.run.isAtWork(sn),
    });
  }

  /**
   * Tells the AS how each unit ended here, and closes the order if it balances; `absentReason` stands for the units never seen, `reasons`
   * for others that are not done.
   */
  async close(absentReason: string, reasons: readonly UnitReason[] = []): Promise<void> {
    const { remote, store, journal, record, order, station } = this.#parts;
    if (!this.run.idle) throw new RangeError('an order is not closed in mid-run');
    this.busy = true;
    this.failure = undefined;
    try {
      await this.run.pause();
      await this.run.reconcile();
      await this.run.explain(reasons);
      const reason = absentReason.trim();
      const closing = await remote.report(order.id, {
        app: await this.#parts.app(),
        head: this.#parts.head(),
        units: await this.#words(),
        absentReason: reason === '' ? null : reason,
        close: true,
      });
      this.closing = closing;
      if (!closing.closed) return;
      const report = await remote.reportFile(order.id);
      await journal.note(record.order, { step: 'order-closed' });
      await store.close(record.order, report);
      this.report = report;
    } catch (error) {
      this.failure = failureOf(error);
      station.session.heed(this.failure);
    } finally {
      this.busy = false;
    }
  }

  /** Every unit that this station has something to say of. */
  async #words(): Promise<readonly StationUnitJson[]> {
    const { store, record } = this.#parts;
    const words: StationUnitJson[] = [];
    for await (const row of store.all(record.order)) words.push(wordOn(row));
    return words;
  }
}

function wordOn({ sn, state, reason, failure, begun, at }: UnitRow): StationUnitJson {
  const outcome = OUTCOMES[state];
  const why = reason ?? (failure === undefined ? null : reasonOf(failure));
  return { sn, outcome, reason: outcome === 'done' ? null : why, begun, ended: at };
}

function reasonOf({ code, command = '', statusWord }: Failure): string {
  return statusWord === undefined ? `ended with ${code}` : `${command} ended with ${hexNumber(statusWord)}`;
}
