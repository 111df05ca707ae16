// Compares a list of units with the open order, imports a list of reasons, and writes a list of all
// units with their state.
import { encodeCsv, ListError, type RowProblem } from '#protocol/orders/csv.ts';
import type { WorkOrder } from '#protocol/orders/order.ts';
import { readReasonList, type UnitReason } from '#protocol/orders/reason-list.ts';
import { readUnitList } from '#protocol/orders/unit-list.ts';
import { hasUnit, serialNumbers } from '#protocol/orders/units.ts';
import type { UnitRow } from '../../journal/order-record.ts';
import { t } from '../../text/t.ts';
import type { Failure } from '../common/failure.ts';
import { type OpenedFile, readFile } from '../common/read-file.ts';
import { Task } from '../common/task.svelte.ts';
import { type ReportedUnits, unitState } from './unit-state.ts';

/** Maximum number of serial numbers that are shown for each difference. */
const MAX_SHOWN = 100;

/** Values in the written list for a unit that has no row at this station. */
const WITHOUT_ROW = { tries: 0, begun: '', at: '' } as const;

/** Differences between a list and the order. */
export interface Comparison {
  readonly fileName: string;
  /** Number of units that are on the list and on the order. */
  readonly both: number;
  readonly onlyOnList: Difference;
  readonly onlyOnOrder: Difference;
}

interface Difference {
  readonly count: number;
  /** The first 100 serial numbers. */
  readonly first: readonly string[];
}

export interface ListExchangeOptions {
  readonly order: WorkOrder;
  /** Reads all rows of the order at this station, in ascending order of their serial numbers. */
  readonly rows: () => AsyncIterable<UnitRow>;
  /** Serial numbers of the units that are done at another station. */
  readonly elsewhere: () => ReadonlySet<string>;
  /** The units of the report; empty until the order is closed. */
  readonly reported: () => ReportedUnits;
  readonly explain: (reasons: readonly UnitReason[]) => Promise<void>;
  /** Whether the unit is being read or loaded at this station. */
  readonly isInUse: (sn: string) => boolean;
}

export class ListExchange {
  #comparison = $state.raw<Comparison | undefined>();
  #importedReasons = $state.raw<number | undefined>();
  #problems = $state.raw<readonly RowProblem[]>([]);
  readonly #task = new Task();
  readonly #options: ListExchangeOptions;

  constructor(options: ListExchangeOptions) {
    this.#options = options;
  }

  get comparison(): Comparison | undefined {
    return this.#comparison;
  }

  /** Number of reasons that were imported from the last list; undefined if none were imported. */
  get importedReasons(): number | undefined {
    return this.#importedReasons;
  }

  /** The rows that must be fixed in the last list. */
  get problems(): readonly RowProblem[] {
    return this.#problems;
  }

  get failure(): Failure | undefined {
    return this.#task.failure;
  }

  /** Compares a list of units with the order. */
  async compare(file: OpenedFile): Promise<void> {
    await this.#read(async () => {
      const listed = readUnitList(await readFile(file));
      const { units, count } = this.#options.order;
      const onlyOnList = difference(listed, units);
      const onlyOnOrder = difference(units, listed);
      this.#comparison = { fileName: file.name, both: count - onlyOnOrder.count, onlyOnList, onlyOnOrder };
    });
  }

  /** Imports all reasons in a list or, if one of them is refused, none. */
  async importReasons(file: OpenedFile): Promise<void> {
    await this.#read(async () => {
      const done = new Set<string>();
      for await (const { sn, state } of this.#options.rows()) if (state === 'done') done.add(sn);
      for (const sn of this.#options.elsewhere()) done.add(sn);
      const { units } = this.#options.order;
      const objection = (sn: string): string | undefined => {
        if (!hasUnit(units, sn)) return t`the unit is not on this order`;
        if (this.#options.isInUse(sn)) return t`the unit is being loaded; import the list again later`;
        return done.has(sn) ? t`the unit is done and needs no reason` : undefined;
      };
      const reasons = readReasonList(await readFile(file), objection);
      await this.#options.explain(reasons);
      this.#importedReasons = reasons.length;
    });
  }

  /** Returns all units with their state as CSV; undefined if the journal cannot be read. */
  async csv(): Promise<string | undefined> {
    const { id } = this.#options.order;
    const units = await this.#units();
    const cells = units?.map(({ sn, state, reason, tries, begun, at }) => [
      ...[id, sn, state, reason, `${tries}`, begun, at],
    ]);
    return cells && encodeCsv([['ORDER', 'SN', 'STATE', 'REASON', 'TRIES', 'BEGUN', 'CHANGED'], ...cells]);
  }

  /** Returns all units with their state as JSON; undefined if the journal cannot be read. */
  async json(): Promise<string | undefined> {
    const units = await this.#units();
    return units && `${JSON.stringify({ order: this.#options.order.id, units }, undefined, 1)}\n`;
  }

  async #units() {
    const rows = new Map<string, UnitRow>();
    const isRead = await this.#task.run(async () => {
      for await (const row of this.#options.rows()) rows.set(row.sn, row);
    });
    if (!isRead) return undefined;
    return [...serialNumbers(this.#options.order.units)].map((sn) => {
      const row = rows.get(sn);
      const isElsewhere = row === undefined && this.#options.elsewhere().has(sn);
      const reported = this.#options.reported().get(sn);
      const reason = reported?.reason ?? row?.reason ?? (isElsewhere ? 'At another station' : '');
      const { tries, begun, at } = row ?? WITHOUT_ROW;
      return { sn, state: unitState({ row, isElsewhere, reported }), reason, tries, begun, at };
    });
  }

  /** Runs `read`, which reads a list. Clears the results of the last list first. */
  async #read(read: () => Promise<void>): Promise<void> {
    this.#comparison = undefined;
    this.#importedReasons = undefined;
    this.#problems = [];
    await this.#task.run(async () => {
      try {
        await read();
      } catch (error) {
        if (!(error instanceof ListError)) throw error;
        this.#problems = error.rows;
      }
    });
  }
}

/** Returns the units of `ranges` that are not in `others`. */
function difference(ranges: WorkOrder['units'], others: WorkOrder['units']): Difference {
  let count = 0;
  const first: string[] = [];
  for (const sn of serialNumbers(ranges)) {
    if (hasUnit(others, sn)) continue;
    if (++count <= MAX_SHOWN) first.push(sn);
  }
  return { count, first };
}
