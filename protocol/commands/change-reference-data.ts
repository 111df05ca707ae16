// CHANGE REFERENCE DATA of an AS card (ISO/IEC 7816-4 clause 11.5.7, docs/protocol.md clause 4): the old PIN and the new one. A wrong old
// one costs a try, as with VERIFY; afterwards the card is unlocked.
import { requireLength } from '../bytes/bytes.ts';
import { type Command, decodeNothing } from './command.ts';
import { PIN_BLOCK_LENGTH } from './pin.ts';

const NAME = 'CHANGE REFERENCE DATA';

/** `pinBlocks` are old and new, 24 bytes, and go into the APDU as they are; their owner wipes them. */
export const changeReferenceData: Command<{ readonly pinBlocks: Uint8Array }, void> = {
  name: NAME,
  statusWords: {
    0x63c0: 'the old PIN is wrong, and no tries are left',
    0x6983: 'blocked',
    0x6a80: 'not a PIN',
  },
  encode: ({ pinBlocks }) => {
    requireLength('pinBlocks', pinBlocks, 2 * PIN_BLOCK_LENGTH);
    return { cla: 0x00, ins: 0x24, p1: 0x00, p2: 0x81, data: pinBlocks, ne: 0 };
  },
  decode: (data) => decodeNothing(NAME, data),
};
