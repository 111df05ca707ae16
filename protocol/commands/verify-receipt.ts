// VERIFYRECEIPT of an AS card (docs/protocol.md clause 4): the card verifies the MAC of a receipt
// and returns only a status word.
import { concat, requireLength } from '../bytes/bytes.ts';
import { RECEIPT_LENGTH } from '../tkl/receipt.ts';
import { type Command, decodeNothing } from './command.ts';

const NAME = 'VERIFYRECEIPT';

export const verifyReceipt: Command<{ readonly receiptBytes: Uint8Array }, void> = {
  name: NAME,
  encode: ({ receiptBytes }) => {
    requireLength('receiptBytes', receiptBytes, RECEIPT_LENGTH);
    return { cla: 0x80, ins: 0xdc, p1: 0x00, p2: 0x00, data: concat(receiptBytes), ne: 0 };
  },
  decode: (data) => decodeNothing(NAME, data),
};
