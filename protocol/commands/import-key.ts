// IMPORTKEY (docs/protocol.md clause 4.5, claim 19): the request contains DATA and REF2, and the
// response is the receipt. Every refusal uses up the challenge, so a new attempt begins with GET
// CHALLENGE.
import { MAX_SHORT_NE } from '../apdu/command-apdu.ts';
import { concat } from '../bytes/bytes.ts';
import { u16 } from '../bytes/integers.ts';
import type { Command } from './command.ts';
import { decodeReceiptAnswer, type ReceiptAnswer } from './receipt-answer.ts';

export interface ImportKeyRequest {
  /** DATA as the AS exported it. */
  readonly data: Uint8Array;
  readonly ref2: number;
}

export const importKey: Command<ImportKeyRequest, ReceiptAnswer> = {
  name: 'IMPORTKEY',
  encode: ({ data, ref2 }) => ({
    cla: 0x80,
    ins: 0xd8,
    p1: 0x00,
    p2: 0x00,
    data: concat(data, u16(ref2)),
    ne: MAX_SHORT_NE,
  }),
  decode: decodeReceiptAnswer,
};
