// Decodes the command APDU, short and extended, cases 1 to 4 (ISO/IEC 7816-4 clause 5.2, ISO/IEC
// 7816-3 clause 12.1). Used by the unit and the console. No load needs this file.
import { type Bytes, concat } from '../bytes/bytes.ts';
import { readU16 } from '../bytes/integers.ts';
import { type CommandApdu, MAX_EXTENDED_NE, MAX_SHORT_NE } from './command-apdu.ts';

export interface DecodedCommand extends CommandApdu {
  readonly data: Bytes;
  /** True iff the length fields were extended. */
  readonly extended: boolean;
}

/**
 * Decodes a short or an extended command, as a card does.
 * @throws SyntaxError naming the wrong length, for which a card returns 6700
 */
export function decodeCommand(bytes: Uint8Array): DecodedCommand {
  const [cla, ins, p1, p2, first] = bytes;
  if (cla === undefined || ins === undefined || p1 === undefined || p2 === undefined) {
    throw new SyntaxError(`a command APDU has at least 4 bytes, not ${bytes.length}`);
  }
  return { cla, ins, p1, p2, ...(first === 0 && bytes.length > 5 ? extendedBody(bytes) : shortBody(bytes)) };
}

type Body = Pick<DecodedCommand, 'data' | 'ne' | 'extended'>;

function shortBody(bytes: Uint8Array): Body {
  const [, , , , first] = bytes;
  if (first === undefined) return { data: concat(), ne: 0, extended: false };
  if (bytes.length === 5) return { data: concat(), ne: first || MAX_SHORT_NE, extended: false };
  const end = 5 + first;
  if (bytes.length !== end && bytes.length !== end + 1) {
    throw new SyntaxError(`Lc is ${first}, but ${bytes.length - 5} bytes follow`);
  }
  const le = bytes[end];
  return {
    data: new Uint8Array(bytes.subarray(5, end)),
    ne: le === undefined ? 0 : le || MAX_SHORT_NE,
    extended: false,
  };
}

function extendedBody(bytes: Uint8Array): Body {
  if (bytes.length < 7) throw new SyntaxError('an extended length field has 3 bytes, not 2');
  const first = readU16(bytes, 5);
  if (bytes.length === 7) return { data: concat(), ne: first || MAX_EXTENDED_NE, extended: true };
  if (first === 0) throw new SyntaxError('extended Lc is 0');
  const end = 7 + first;
  if (bytes.length !== end && bytes.length !== end + 2) {
    throw new SyntaxError(`extended Lc is ${first}, but ${bytes.length - 7} bytes follow`);
  }
  const ne = bytes.length === end ? 0 : readU16(bytes, end) || MAX_EXTENDED_NE;
  return { data: new Uint8Array(bytes.subarray(7, end)), ne, extended: true };
}
