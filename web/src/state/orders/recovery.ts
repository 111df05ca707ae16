// What becomes of the rows of a work order that a page left unsettled, by the journal of the attempts on them. Knows no lanes and no screen.
import type { WorkOrder } from '#protocol/orders/order.ts';
import type { Journal } from '../../journal/journal.ts';
import type { UnitRow } from '../../journal/order-record.ts';
import type { WorkOrderStore } from '../../journal/work-orders.ts';
import { stateAfter } from './rules.ts';

/** So many rows are looked through at a time. */
const PAGE = 200;

export interface RecoveryOptions {
  readonly order: WorkOrder;
  readonly number: number;
  readonly journal: Pick<Journal, 'note' | 'get'>;
  readonly store: Pick<WorkOrderStore, 'unitsIn'>;
  /** ISO 8601, UTC: now. */
  readonly at: string;
}

/** Settles them in the journal; `changed` hears of each. @throws ProtocolError journal-full, journal-failed */
export async function recoverRows(
  parts: RecoveryOptions,
  changed: (before: UnitRow, after: UnitRow) => void,
): Promise<void> {
  for (const state of ['unknown', 'running'] as const) {
    for (
      let [rows, last] = await pageOf(parts, state);
      last !== undefined;
      [rows, last] = await pageOf(parts, state, last)
    ) {
      for (const row of rows) {
        const after = await recovered(parts, row);
        if (after === undefined) continue;
        const step = state === 'running' ? 'unit-interrupted' : 'unit-settled';
        await parts.journal.note(parts.number, { step, sn: row.sn }, after);
        changed(row, after);
      }
    }
  }
}

async function pageOf(
  { store, number }: RecoveryOptions,
  state: 'unknown' | 'running',
  after?: string,
): Promise<readonly [readonly UnitRow[], string | undefined]> {
  const rows = await store.unitsIn(number, state, PAGE, after);
  return [rows, rows.at(-1)?.sn];
}

/** The row as it is from now on; undefined where nothing more is known. */
async function recovered({ order, journal, at }: RecoveryOptions, row: UnitRow): Promise<UnitRow | undefined> {
  const attempt = row.attempt === undefined ? undefined : await journal.get(row.attempt);
  const state = stateAfter(order, attempt);
  if (state === undefined || state === row.state) return undefined;
  // Its slots say more than an attempt that is over, unless the unit itself said by its receipts that the key is not in.
  const isKnown = state === 'done' || attempt?.steps.at(-1)?.step === 'not-imported';
  if (row.state === 'unknown' && !isKnown) return undefined;
  if (state !== 'done') return { ...row, state, at };
  const { failure: _, ...kept } = row;
  return { ...kept, state, at };
}
