// The answer that IMPORTKEY and GET RECEIPT share (docs/protocol.md clause 4): a receipt, read but not verified; only the AS can.
import { type Bytes, copy } from '../bytes/bytes.ts';
import { decodeReceipt, type Receipt } from '../tkl/receipt.ts';

export interface ReceiptAnswer {
  /** 64 bytes, as the unit gave them. */
  readonly receiptBytes: Bytes;
  readonly receipt: Receipt;
}

/** @throws ProtocolError unit-nonsense naming what is wrong */
export function decodeReceiptAnswer(data: Uint8Array): ReceiptAnswer {
  return { receiptBytes: copy(data), receipt: decodeReceipt(data) };
}
