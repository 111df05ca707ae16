// Writes to the journal why units of a work order are not done.
import { ProtocolError } from '#protocol/errors.ts';
import type { Outcome } from '#protocol/orders/balance.ts';
import type { UnitReason } from '#protocol/orders/reason-list.ts';
import type { Journal } from '../../journal/journal.ts';
import type { UnitRow } from '../../journal/order-record.ts';
import type { WorkOrderStore } from '../../journal/work-orders.ts';
import { newRow } from './order-rules.ts';

/** `outcome` is the outcome that the AS has for the unit; undefined if the AS was not asked. */
export interface OutcomeReason extends UnitReason {
  readonly outcome?: Exclude<Outcome, 'done'>;
}

export interface SaveReasonsOptions {
  /** Number of the order's hash chain in the journal. */
  readonly chain: number;
  readonly journal: Pick<Journal, 'note'>;
  readonly store: Pick<WorkOrderStore, 'rowsOf'>;
  /** The current time, ISO 8601, UTC. */
  readonly at: string;
  readonly isInUse: (sn: string) => boolean;
  /** Serial numbers of the attached units whose load has not begun. They are not absent. */
  readonly attached: readonly string[];
  readonly onChange: (before: UnitRow | undefined, after: UnitRow) => void;
}

/**
 * Writes all reasons in one transaction, or none.
 * @throws ProtocolError unit-at-work, journal-full, journal-failed
 */
export async function saveReasons(
  { chain, journal, store, at, isInUse, attached, onChange }: SaveReasonsOptions,
  reasons: readonly OutcomeReason[],
): Promise<void> {
  const sns = reasons.map(({ sn }) => sn);
  const rows = await store.rowsOf(chain, sns);
  // There must be no await between this check and the calls of note(). No lane can then change one
  // of the rows in between, and the journal writes all these events in one transaction.
  const inUse = sns.find(isInUse);
  if (inUse !== undefined) throw new ProtocolError('unit-at-work', `unit ${inUse} is being loaded`);
  const saved = reasons.map(async ({ sn, reason, outcome }, index) => {
    const before = rows[index];
    const state = outcome ?? (attached.includes(sn) ? 'failed' : 'absent');
    const row: UnitRow = { ...(before ?? newRow(chain, sn, state, at)), reason, at };
    await journal.note(chain, { step: 'unit-explained', sn, reason }, row);
    onChange(before, row);
  });
  await Promise.all(saved);
}
