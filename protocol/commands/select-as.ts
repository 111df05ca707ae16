// SELECT of the AS application by its AID (ISO/IEC 7816-4 clause 11.2.2, docs/protocol.md clause
// 4.9). The response is the same as that of GET DATA. SELECT locks the card, so that the card
// requires the PIN again.
import { MAX_SHORT_NE } from '../apdu/command-apdu.ts';
import { concat } from '../bytes/bytes.ts';
import { fromHex } from '../bytes/hex.ts';
import { type AsData, decodeAsData } from './as-data.ts';
import type { Command } from './command.ts';

const AS_AID = fromHex('F0544B4C3102');

export const selectAs: Command<void, AsData> = {
  name: 'SELECT',
  encode: () => ({ cla: 0x00, ins: 0xa4, p1: 0x04, p2: 0x00, data: concat(AS_AID), ne: MAX_SHORT_NE }),
  decode: (data) => decodeAsData('SELECT', data),
};
