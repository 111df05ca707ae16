// GET RECEIPT (docs/protocol.md clause 4): returns the receipt of the last import into a slot. The
// page uses it after the response to IMPORTKEY was lost.
import { MAX_SHORT_NE } from '../apdu/command-apdu.ts';
import { concat } from '../bytes/bytes.ts';
import type { Command } from './command.ts';
import { decodeReceiptAnswer, type ReceiptAnswer } from './receipt-answer.ts';

export const getReceipt: Command<{ readonly ref2: number }, ReceiptAnswer> = {
  name: 'GET RECEIPT',
  encode: ({ ref2 }) => ({
    cla: 0x80,
    ins: 0xcb,
    p1: ref2 >> 8,
    p2: ref2 & 0xff,
    data: concat(),
    ne: MAX_SHORT_NE,
  }),
  decode: decodeReceiptAnswer,
};
