// Why units of a work order are not done, into the journal: all of the reasons or none. Knows no lanes and no screen.
import { ProtocolError } from '#protocol/errors.ts';
import type { UnitReason } from '#protocol/orders/reason-list.ts';
import type { Journal } from '../../journal/journal.ts';
import type { UnitRow } from '../../journal/order-record.ts';
import type { WorkOrderStore } from '../../journal/work-orders.ts';
import { newRow } from './rules.ts';

export interface ReasonOptions {
  readonly number: number;
  readonly journal: Pick<Journal, 'note'>;
  readonly store: Pick<WorkOrderStore, 'rowsOf'>;
  /** ISO 8601, UTC: now. */
  readonly at: string;
  readonly isAtWork: (sn: string) => boolean;
}

/** `changed` hears of each that is kept. @throws ProtocolError unit-at-work, journal-full, journal-failed */
export async function keepReasons(
  { number, journal, store, at, isAtWork }: ReasonOptions,
  reasons: readonly UnitReason[],
  changed: (before: UnitRow | undefined, after: UnitRow) => void,
): Promise<void> {
  const sns = reasons.map(({ sn }) => sn);
  const known = await store.rowsOf(number, sns);
  // In the same turn as the notes, which are one transaction then: no lane has written of these units since they were read.
  const busy = sns.find(isAtWork);
  if (busy !== undefined) throw new ProtocolError('unit-at-work', `unit ${busy} is at work`);
  const kept = reasons.map(async ({ sn, reason }, index) => {
    const before = known[index];
    const row: UnitRow = { ...(before ?? newRow(number, sn, 'absent', at)), reason, at };
    await journal.note(number, { step: 'unit-explained', sn, reason }, row);
    changed(before, row);
  });
  await Promise.all(kept);
}
