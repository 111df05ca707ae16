// Compares the rows of a report with the signed list of their hashes (docs/protocol.md clause 9.1).
// Rows are sorted by SN, so that each difference is recognised as a row that was dropped, added,
// repeated, moved or changed.
import type { Note } from './fault.ts';
import type { WorkOrder } from './order.ts';
import { type ReportRow, type ReportSummary, rowHash } from './report.ts';
import { serialNumbers } from './units.ts';

export function placeRows(
  rows: readonly ReportRow[],
  { rows: signed }: ReportSummary,
  order: WorkOrder | undefined,
  note: Note,
): void {
  if (order === undefined) {
    // The order is not verified, so the place of a unit is unknown and a row may match any signed
    // hash.
    const known = new Set(signed);
    rows.forEach((row, index) => {
      if (!known.has(rowHash(row))) note('row-changed', { row: index + 1, sn: row.sn });
    });
    if (rows.length < signed.length) note('row-dropped', undefined, `${signed.length - rows.length} in all`);
    return;
  }
  const places = new Map<string, number>();
  for (const sn of serialNumbers(order.units)) places.set(sn, places.size);
  const found = new Set<string>();
  let reached = -1;
  let inOrder = true;
  rows.forEach((row, index) => {
    const place = { row: index + 1, sn: row.sn };
    const position = places.get(row.sn);
    if (position === undefined) {
      note('row-added', place);
    } else if (found.has(row.sn)) {
      note('row-repeated', place);
    } else {
      found.add(row.sn);
      if (inOrder && position < reached) note('rows-reordered', place);
      inOrder &&= position >= reached;
      reached = Math.max(reached, position);
      if (signed[position] !== rowHash(row)) note('row-changed', place);
    }
  });
  for (const [sn, position] of places) {
    if (!found.has(sn)) note('row-dropped', { row: position + 1, sn });
  }
}
