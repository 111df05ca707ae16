// SELECT of the EI application by its AID (ISO/IEC 7816-4 clause 11.2.2, docs/protocol.md clause
// 4.3). The response is the identity.
import { MAX_SHORT_NE } from '../apdu/command-apdu.ts';
import { concat } from '../bytes/bytes.ts';
import { fromHex } from '../bytes/hex.ts';
import type { Command } from './command.ts';
import { decodeIdentity, type Identity } from './identity.ts';

const EI_AID = fromHex('F0544B4C3101');

export const selectEi: Command<void, Identity> = {
  name: 'SELECT',
  encode: () => ({ cla: 0x00, ins: 0xa4, p1: 0x04, p2: 0x00, data: concat(EI_AID), ne: MAX_SHORT_NE }),
  decode: (data) => decodeIdentity('SELECT', data),
};
