// Lists in and out of the order on the desk: the customer's list against the order, reasons that somebody else wrote down, and every unit with its state
// for the customer's systems. Rows that have to be mended are told one by one.
import { encodeCsv, ListError, type RowProblem } from '#protocol/orders/csv.ts';
import type { WorkOrder } from '#protocol/orders/order.ts';
import { readReasonList, type UnitReason } from '#protocol/orders/reason-list.ts';
import { readUnitList } from '#protocol/orders/unit-list.ts';
import { hasUnit, serialNumbers } from '#protocol/orders/units.ts';
import type { UnitRow } from '../../journal/order-record.ts';
import { type Failure, failureOf } from '../common/failure.ts';

/** Of a list, the first so many are shown. */
const SHOWN = 100;

/** Of units without a row at this station. */
const UNSEEN = { state: 'unseen', reason: '', tries: 0, begun: '', at: '' } as const;
const ELSEWHERE = { ...UNSEEN, state: 'done', reason: 'At another station' } as const;

export interface Compared {
  /** Of the file. */
  readonly name: string;
  /** On the list and on the order. */
  readonly both: number;
  /** On the list only, and on the order only: how many, and the first of them. */
  readonly strangers: Numbers;
  readonly lacking: Numbers;
}

interface Numbers {
  readonly count: number;
  readonly first: readonly string[];
}

export interface ListExchangeOptions {
  readonly order: WorkOrder;
  /** Every row that the order has here, ascending. */
  readonly rows: () => AsyncIterable<UnitRow>;
  /** Units without one that are done by the AS's word, at another station. */
  readonly elsewhere: () => ReadonlySet<string>;
  readonly explain: (reasons: readonly UnitReason[]) => Promise<void>;
  /** This unit is being looked at or loaded at this station now. */
  readonly isAtWork: (sn: string) => boolean;
}

export interface ListFile {
  readonly name: string;
  text(): Promise<string>;
}

export class OrderLists {
  compared = $state.raw<Compared | undefined>();
  /** Reasons that were taken from a list. */
  explained = $state.raw<number | undefined>();
  /** What has to be mended in the list that was opened last. */
  problems = $state.raw<readonly RowProblem[]>([]);
  failure = $state.raw<Failure | undefined>();
  busy = $state.raw(false);

  readonly #parts: ListExchangeOptions;

  constructor(parts: ListExchangeOptions) {
    this.#parts = parts;
  }

  /** Which units the customer's list and the order have, and which only one of them. */
  async compare(file: ListFile): Promise<void> {
    await this.#open(async () => {
      const ranges = readUnitList(await file.text());
      const { units } = this.#parts.order;
      const strangers = without(ranges, units);
      const lacking = without(units, ranges);
      this.compared = { name: file.name, both: this.#parts.order.count - lacking.count, strangers, lacking };
    });
  }

  /** Takes all of the reasons or none. */
  async explain(file: ListFile): Promise<void> {
    await this.#open(async () => {
      const done = new Set<string>();
      for await (const { sn, state } of this.#parts.rows()) if (state === 'done') done.add(sn);
      for (const sn of this.#parts.elsewhere()) done.add(sn);
      const { units } = this.#parts.order;
      const isWanted = (sn: string): string | undefined => {
        if (!hasUnit(units, sn)) return 'it is not on this order';
        if (this.#parts.isAtWork(sn)) return 'it is being loaded now: open the list again when it is done';
        return done.has(sn) ? 'it is done and needs no reason' : undefined;
      };
      const reasons = readReasonList(await file.text(), isWanted);
      await this.#parts.explain(reasons);
      this.explained = reasons.length;
    });
  }

  /** Every unit with its state; the report, once there is one, proves it. Undefined, with `failure` set, where the journal cannot be read. */
  async csv(): Promise<string | undefined> {
    const { id } = this.#parts.order;
    const cells = (await this.#all())?.map(({ sn, state, reason, tries, begun, at }) => [
      id,
      sn,
      state,
      reason,
      `${tries}`,
      begun,
      at,
    ]);
    return cells && encodeCsv([['ORDER', 'SN', 'STATE', 'REASON', 'TRIES', 'BEGUN', 'CHANGED'], ...cells]);
  }

  /** The same. */
  async json(): Promise<string | undefined> {
    const units = await this.#all();
    return units && `${JSON.stringify({ order: this.#parts.order.id, units }, undefined, 1)}\n`;
  }

  async #all() {
    const rows = new Map<string, UnitRow>();
    const isRead = await this.#try(async () => {
      for await (const row of this.#parts.rows()) rows.set(row.sn, row);
    });
    if (!isRead) return undefined;
    return [...serialNumbers(this.#parts.order.units)].map((sn) => {
      const unseen = this.#parts.elsewhere().has(sn) ? ELSEWHERE : UNSEEN;
      const { state, reason = '', tries, begun, at } = rows.get(sn) ?? unseen;
      return { sn, state, reason, tries, begun, at };
    });
  }

  /** Nothing more is said of the list before. */
  async #open(act: () => Promise<void>): Promise<void> {
    this.compared = undefined;
    this.explained = undefined;
    this.problems = [];
    await this.#try(act);
  }

  /** True iff it came to its end. */
  async #try(act: () => Promise<void>): Promise<boolean> {
    this.busy = true;
    this.failure = undefined;
    try {
      await act();
      return true;
    } catch (error) {
      if (error instanceof ListError) this.problems = error.rows;
      else this.failure = failureOf(error);
      return false;
    } finally {
      this.busy = false;
    }
  }
}

/** The units of the one that the other does not have. */
function without(ranges: WorkOrder['units'], others: WorkOrder['units']): Numbers {
  let count = 0;
  const first: string[] = [];
  for (const sn of serialNumbers(ranges)) {
    if (hasUnit(others, sn)) continue;
    if (++count <= SHOWN) first.push(sn);
  }
  return { count, first };
}
