// Updates the rows that an earlier page left as running or unknown. The outcome of the newest
// attempt on a unit determines the new state of its row.
import type { WorkOrder } from '#protocol/orders/order.ts';
import type { Journal } from '../../journal/journal.ts';
import type { UnitRow } from '../../journal/order-record.ts';
import type { WorkOrderStore } from '../../journal/work-orders.ts';
import { stateAfter } from './order-rules.ts';

/** Number of rows that are read at a time. */
const PAGE = 200;

export interface RecoverRowsOptions {
  readonly order: WorkOrder;
  /** Number of the order's hash chain in the journal. */
  readonly chain: number;
  readonly journal: Pick<Journal, 'note' | 'get'>;
  readonly store: Pick<WorkOrderStore, 'unitsIn'>;
  /** The current time, ISO 8601, UTC. */
  readonly at: string;
  readonly onChange: (before: UnitRow, after: UnitRow) => void;
}

/** @throws ProtocolError journal-full, journal-failed */
export async function recoverRows(options: RecoverRowsOptions): Promise<void> {
  const { store, chain, journal, onChange } = options;
  for (const state of ['unknown', 'running'] as const) {
    const step = state === 'running' ? 'unit-interrupted' : 'unit-settled';
    let last: string | undefined;
    do {
      const rows = await store.unitsIn(chain, state, PAGE, last);
      for (const row of rows) {
        const after = await recoveredRow(options, row);
        if (after === undefined) continue;
        await journal.note(chain, { step, sn: row.sn }, after);
        onChange(row, after);
      }
      last = rows.at(-1)?.sn;
    } while (last !== undefined);
  }
}

/**
 * Returns the changed row; undefined if the newest attempt does not change the state in the row.
 */
async function recoveredRow({ order, journal, at }: RecoverRowsOptions, row: UnitRow): Promise<UnitRow | undefined> {
  const attempt = row.attempt === undefined ? undefined : await journal.get(row.attempt);
  const state = stateAfter(order, attempt);
  if (state === undefined || state === row.state) return undefined;
  // Without proof, an unknown outcome remains unknown until the unit is attached and its slots are
  // read.
  const isProven = state === 'done' || attempt?.steps.at(-1)?.step === 'not-imported';
  if (row.state === 'unknown' && !isProven) return undefined;
  if (state !== 'done') return { ...row, state, at };
  const { failure: _, ...rest } = row;
  return { ...rest, state, at };
}
