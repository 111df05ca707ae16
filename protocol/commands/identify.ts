// IDENTIFY (docs/protocol.md clause 4, capability b2): makes the unit blink, so that the operator
// can tell several units apart.
import { concat } from '../bytes/bytes.ts';
import { type Command, decodeNothing } from './command.ts';

const NAME = 'IDENTIFY';

export const identify: Command<void, void> = {
  name: NAME,
  encode: () => ({ cla: 0x80, ins: 0xce, p1: 0x00, p2: 0x00, data: concat(), ne: 0 }),
  decode: (data) => decodeNothing(NAME, data),
};
