// GET IDENTITY (docs/protocol.md clause 4.3): returns the same response as SELECT. Unlike SELECT,
// it leaves a pending challenge valid.
import { MAX_SHORT_NE } from '../apdu/command-apdu.ts';
import { concat } from '../bytes/bytes.ts';
import type { Command } from './command.ts';
import { decodeIdentity, type Identity } from './identity.ts';

export const getIdentity: Command<void, Identity> = {
  name: 'GET IDENTITY',
  encode: () => ({ cla: 0x80, ins: 0xca, p1: 0x00, p2: 0x00, data: concat(), ne: MAX_SHORT_NE }),
  decode: (data) => decodeIdentity('GET IDENTITY', data),
};
