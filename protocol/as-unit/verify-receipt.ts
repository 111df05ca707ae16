// VERIFYRECEIPT of an AS (docs/protocol.md clauses 3.8 and 4): finds the export that a receipt
// belongs to, has KeyCrypto verify the receipt, and stores it. AsUnit calls this function.
import type { KeyedMutex } from '../async/mutex.ts';
import { equalBytes, requireLength } from '../bytes/bytes.ts';
import { sha256 } from '../crypto/prf.ts';
import { ProtocolError } from '../errors.ts';
import { decodeHeader } from '../tkl/header.ts';
import { decodeReceipt, RECEIPT_LENGTH } from '../tkl/receipt.ts';
import type { KeyCrypto } from './key-crypto.ts';
import type { ExportRecord, Memory } from './memory.ts';

export interface VerifyReceiptOptions<Caller> {
  readonly memory: Memory<Caller>;
  readonly crypto: KeyCrypto;
  /** Serialises the receipts of one export. */
  readonly mutex: KeyedMutex;
  readonly caller: Caller;
}

/**
 * Verifies the receipt of the export with this XC, and stores it. Succeeds again for a receipt that
 * is already stored.
 * @throws ProtocolError export-unknown, receipt-refused, receipt-conflict
 */
export async function verifyReceipt<Caller>(
  xc: number,
  receipt: Uint8Array,
  options: VerifyReceiptOptions<Caller>,
): Promise<void> {
  const { memory, crypto, mutex } = options;
  requireLength('receipt', receipt, RECEIPT_LENGTH);
  const record = await findExport(memory, xc);
  const expected = { header: decodeHeader(record.data), dataHash: sha256(record.data), kcv: record.kcv };
  try {
    // A malformed receipt is refused like one that does not verify.
    decodeReceipt(receipt);
    await crypto.verifyReceipt(receipt, expected, record.random);
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new ProtocolError('receipt-refused', 'The receipt is not that of this export.', { cause });
  }
  await mutex.run(`XC ${xc}`, () => commitReceipt(xc, receipt, options));
}

/**
 * Stores the receipt. First reads the export again, because another call may have stored a receipt
 * in the meantime.
 */
async function commitReceipt<Caller>(
  xc: number,
  receipt: Uint8Array,
  { memory, caller }: VerifyReceiptOptions<Caller>,
): Promise<void> {
  const record = await findExport(memory, xc);
  if (record.receipt === undefined) return memory.commitReceipt(record, receipt, caller);
  if (equalBytes(record.receipt, receipt)) return;
  throw new ProtocolError('receipt-conflict', 'Another receipt is on file for this export.');
}

async function findExport<Caller>(memory: Memory<Caller>, xc: number): Promise<ExportRecord> {
  const record = await memory.findExportByCounter(xc);
  if (record === undefined) throw new ProtocolError('export-unknown', `This AS has no export number ${xc}.`);
  return record;
}
