// Makes the verdict of the AS on a stored receipt (docs/protocol.md clause 6), before it is signed.
// Verifies the MAC of the receipt first, even if the receipt was read from the disk (ADR 0049).
import type { KeyCrypto } from '#protocol/as-unit/key-crypto.ts';
import { toBase64url } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { VerdictJson } from '#protocol/service/messages.ts';
import { decodeHeader } from '#protocol/tkl/header.ts';
import { Turns } from '../common/turns.ts';
import type { ExportEntry, Ledger } from './ledger.ts';

/** Number of receipts after which other requests get a turn of the event loop. */
export const RECEIPTS_PER_TURN = 16;

/** The objects that contain a receipt whose MAC this process has verified. */
export type VerifiedReceipts = WeakSet<object>;

/**
 * Returns the verdict on the stored receipt of an export, or undefined if there is no receipt.
 * @throws ProtocolError receipt-refused
 */
export async function verdictOf(
  entry: ExportEntry | undefined,
  crypto: KeyCrypto,
  verified: VerifiedReceipts,
): Promise<VerdictJson | undefined> {
  if (entry?.receipt === undefined || entry.receiptTime === undefined) return undefined;
  const { exportId, receipt, dataHash, workOrder, operator, receiptTime, xc } = entry;
  await verifyOnce(receipt, verified, `export ${xc}`, async () => {
    const expected = { header: decodeHeader(entry.data), dataHash, kcv: entry.kcv };
    try {
      await crypto.verifyReceipt(receipt, expected, entry.random);
      return true;
    } catch (cause) {
      if (cause instanceof ProtocolError) return false;
      throw cause;
    }
  });
  const encoded = { receipt: toBase64url(receipt), dataHash: toBase64url(dataHash) };
  return { exportId, ...encoded, workOrder, operator, time: receiptTime };
}

/** @throws ProtocolError receipt-refused when a stored receipt of the service does not verify */
export async function verifyStoredReceipts(
  ledger: Ledger,
  crypto: KeyCrypto,
  verified: VerifiedReceipts,
): Promise<void> {
  const turns = new Turns(RECEIPTS_PER_TURN);
  for (const entry of ledger.all()) {
    if ((await verdictOf(entry, crypto, verified)) !== undefined) await turns.next();
  }
}

/**
 * Calls `verify` unless `verified` contains `holder`. Adds `holder` to `verified` after a success.
 * `what` names the export in the error.
 * @throws ProtocolError receipt-refused when `verify` resolves with false
 */
export async function verifyOnce(
  holder: object,
  verified: VerifiedReceipts,
  what: string,
  verify: () => Promise<boolean>,
): Promise<void> {
  if (verified.has(holder)) return;
  if (!(await verify())) {
    throw new ProtocolError(
      'receipt-refused',
      `The stored receipt of ${what} is not from the unit of that export. The audit log was changed: inform an auditor.`,
    );
  }
  verified.add(holder);
}
