// The response of IMPORTKEY and GET RECEIPT (docs/protocol.md clause 4): a receipt, which is parsed
// but not verified, because only the AS has the keys.
import { type Bytes, copy } from '../bytes/bytes.ts';
import { decodeReceipt, type Receipt } from '../tkl/receipt.ts';

export interface ReceiptAnswer {
  /** 64 bytes as received from the unit. */
  readonly receiptBytes: Bytes;
  readonly receipt: Receipt;
}

/** @throws ProtocolError unit-nonsense naming the fault */
export function decodeReceiptAnswer(data: Uint8Array): ReceiptAnswer {
  return { receiptBytes: copy(data), receipt: decodeReceipt(data) };
}
