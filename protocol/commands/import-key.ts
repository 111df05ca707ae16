// IMPORTKEY (docs/protocol.md clause 4, claim 19): DATA and the slot in one command; the answer is the receipt. A refusal of any kind
// uses up the challenge, so a new attempt begins with GET CHALLENGE.
import { MAX_SHORT_NE } from '../apdu/command-apdu.ts';
import { concat } from '../bytes/bytes.ts';
import { u16 } from '../bytes/integers.ts';
import type { Command } from './command.ts';
import { decodeReceiptAnswer, type ReceiptAnswer } from './receipt-answer.ts';

export interface ImportKeyRequest {
  /** DATA, as the AS exported it. */
  readonly data: Uint8Array;
  readonly ref2: number;
}

export const importKey: Command<ImportKeyRequest, ReceiptAnswer> = {
  name: 'IMPORTKEY',
  statusWords: {
    0x6581: 'memory failure: the old key is still there',
    0x6700: 'the length does not fit DATA',
    0x6985: 'no challenge is outstanding, or it was for another suite',
    0x6988: 'the check of DATA failed: another unit, set, transport key or challenge, or DATA was changed',
    0x6a80: 'format, suite, flags or signature not as this unit requires',
    0x6a84: 'no room for the key',
    0x6a88: 'no such slot',
    0x9401: 'the AS does not permit the key in this slot',
    0x9402: 'the slot has, or had, this or a newer key',
  },
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
