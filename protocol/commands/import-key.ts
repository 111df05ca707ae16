// IMPORTKEY (docs/protocol.md clause 4.5, claim 19): DATA and REF2 in one command. The response is
// the receipt. Every refusal uses up the challenge, so a new attempt begins with GET CHALLENGE.
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
  statusWords: {
    0x6581: 'memory failure: the slot still has the old key',
    0x6700: 'the length does not match DATA',
    0x6985: 'no challenge is pending, or it was for another suite',
    0x6988: 'DATA does not verify: another unit, set, transport key or challenge, or DATA was changed',
    0x6a80: 'wrong format, suite, flags or signature for this unit',
    0x6a84: 'no memory for the key',
    0x6a88: 'no such slot',
    0x9401: 'the AS does not permit the key in this slot',
    0x9402: 'the slot has or had this version of the key or a newer one',
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
