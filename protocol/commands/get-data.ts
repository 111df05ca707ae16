// GET DATA of an AS card (docs/protocol.md clause 4.9): reads set, counters and key entries. Does
// not change the PIN state.
import { MAX_SHORT_NE } from '../apdu/command-apdu.ts';
import { concat } from '../bytes/bytes.ts';
import { type AsData, decodeAsData } from './as-data.ts';
import type { Command } from './command.ts';

export const getData: Command<void, AsData> = {
  name: 'GET DATA',
  encode: () => ({ cla: 0x80, ins: 0xca, p1: 0x00, p2: 0x01, data: concat(), ne: MAX_SHORT_NE }),
  decode: (data) => decodeAsData('GET DATA', data),
};
