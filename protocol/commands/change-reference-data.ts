// CHANGE REFERENCE DATA of an AS card (ISO/IEC 7816-4 clause 11.5.7, docs/protocol.md clause 4.9):
// replaces the PIN. A wrong old PIN uses a try, as with VERIFY. A success unlocks the card.
import { requireLength } from '../bytes/bytes.ts';
import { type Command, decodeNothing } from './command.ts';
import { PIN_BLOCK_LENGTH } from './pin.ts';

const NAME = 'CHANGE REFERENCE DATA';

/**
 * Request: `pinBlocks`, the old and the new PIN block, 24 bytes. encode() does not copy them, so
 * that the caller can wipe them.
 */
export const changeReferenceData: Command<{ readonly pinBlocks: Uint8Array }, void> = {
  name: NAME,
  encode: ({ pinBlocks }) => {
    requireLength('pinBlocks', pinBlocks, 2 * PIN_BLOCK_LENGTH);
    return { cla: 0x00, ins: 0x24, p1: 0x00, p2: 0x81, data: pinBlocks, ne: 0 };
  },
  decode: (data) => decodeNothing(NAME, data),
};
