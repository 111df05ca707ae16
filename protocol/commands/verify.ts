// VERIFY of an AS card (ISO/IEC 7816-4 clause 11.5.6, docs/protocol.md clause 4): the PIN unlocks it until it is selected anew or loses power.
import { concat, requireLength } from '../bytes/bytes.ts';
import { type Command, decodeNothing } from './command.ts';
import { PIN_BLOCK_LENGTH } from './pin.ts';

const NAME = 'VERIFY';

const STATUS_WORDS = {
  0x63c0: 'wrong, and no tries are left',
  0x6983: 'blocked',
  0x6a80: 'not a PIN',
};

/** `pinBlock` has 12 bytes and goes into the APDU as it is; its owner wipes it. */
export const verify: Command<{ readonly pinBlock: Uint8Array }, void> = {
  name: NAME,
  statusWords: STATUS_WORDS,
  encode: ({ pinBlock }) => {
    requireLength('pinBlock', pinBlock, PIN_BLOCK_LENGTH);
    return { cla: 0x00, ins: 0x20, p1: 0x00, p2: 0x81, data: pinBlock, ne: 0 };
  },
  decode: (data) => decodeNothing(NAME, data),
};

/** VERIFY without a PIN, which asks for the state and costs no try: 9000 unlocked, 63Cx with that many tries left, 6983 blocked. */
export const pinState: Command<void, void> = {
  name: NAME,
  statusWords: STATUS_WORDS,
  encode: () => ({ cla: 0x00, ins: 0x20, p1: 0x00, p2: 0x81, data: concat(), ne: 0 }),
  decode: (data) => decodeNothing(NAME, data),
};
