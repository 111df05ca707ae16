// The verdict of the AS on an accepted receipt (docs/protocol.md clause 6), before it is signed.
import { toBase64url } from '#protocol/bytes/text.ts';
import type { VerdictJson } from '#protocol/service/messages.ts';
import type { ExportEntry } from './ledger.ts';

/** Undefined while no receipt of the export is accepted. */
export function verdictOf(entry: ExportEntry | undefined): VerdictJson | undefined {
  if (entry?.receipt === undefined || entry.receiptTime === undefined) return undefined;
  const { exportId, receipt, dataHash, workOrder, operator, receiptTime } = entry;
  const encoded = { receipt: toBase64url(receipt), dataHash: toBase64url(dataHash) };
  return { exportId, ...encoded, workOrder, operator, time: receiptTime };
}
