// Sets the rows of units to done if the AS lists the units as done. The AS has the receipts of all
// stations and of returned vaults (docs/protocol.md clause 6.1).
import type { Journal } from '../../journal/journal.ts';
import type { UnitRow } from '../../journal/order-record.ts';
import type { WorkOrderStore } from '../../journal/work-orders.ts';

export interface MergeProvenOptions {
  /** Number of the order's hash chain in the journal. */
  readonly chain: number;
  readonly journal: Pick<Journal, 'note' | 'requireChain'>;
  readonly store: Pick<WorkOrderStore, 'rowsOf'>;
  /** The current time, ISO 8601, UTC. */
  readonly at: string;
  readonly isInUse: (sn: string) => boolean;
  readonly onChange: (before: UnitRow, after: UnitRow) => void;
}

/**
 * Sets the rows of these units to done, except for units that are being read or loaded at this
 * station. Returns the serial numbers of the units that have no row at this station.
 * @throws ProtocolError journal-full, journal-failed; journal-lost if the journal was deleted, and
 *   the rows with it
 */
export async function mergeProven(
  { chain, journal, store, at, isInUse, onChange }: MergeProvenOptions,
  sns: readonly string[],
): Promise<readonly string[]> {
  const rows = await store.rowsOf(chain, sns);
  journal.requireChain(chain);
  const written = rows.map(async (row) => {
    if (row === undefined || row.state === 'done' || isInUse(row.sn)) return;
    const { failure: _, reason: __, aside: ___, needsReason: ____, ...rest } = row;
    const after: UnitRow = { ...rest, state: 'done', at };
    await journal.note(chain, { step: 'unit-settled', sn: row.sn }, after);
    onChange(row, after);
  });
  await Promise.all(written);
  return sns.filter((_, index) => rows[index] === undefined);
}
