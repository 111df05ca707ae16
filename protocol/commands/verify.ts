// VERIFY of an AS card (ISO/IEC 7816-4 clause 11.5.6, docs/protocol.md clause 4.9): the PIN unlocks
// the card until the next SELECT or loss of power.
import { concat, requireLength } from '../bytes/bytes.ts';
import { type Command, decodeNothing } from './command.ts';
import { PIN_BLOCK_LENGTH } from './pin.ts';

const NAME = 'VERIFY';

/** Request: `pinBlock`, 12 bytes. encode() does not copy it, so that the caller can wipe it. */
export const verify: Command<{ readonly pinBlock: Uint8Array }, void> = {
  name: NAME,
  encode: ({ pinBlock }) => {
    requireLength('pinBlock', pinBlock, PIN_BLOCK_LENGTH);
    return { cla: 0x00, ins: 0x20, p1: 0x00, p2: 0x81, data: pinBlock, ne: 0 };
  },
  decode: (data) => decodeNothing(NAME, data),
};

/**
 * VERIFY without a PIN. It reads the PIN state and uses no try. Status word 9000 means unlocked,
 * 63CX means locked with X tries left, and 6983 means blocked.
 */
export const pinState: Command<void, void> = {
  name: NAME,
  encode: () => ({ cla: 0x00, ins: 0x20, p1: 0x00, p2: 0x81, data: concat(), ne: 0 }),
  decode: (data) => decodeNothing(NAME, data),
};
