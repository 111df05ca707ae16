// Codec of the command APDU, short and extended, cases 1 to 4 (ISO/IEC 7816-4 clause 5.2, ISO/IEC
// 7816-3 clause 12.1). Host and unit use it for every instruction.
import { type Bytes, concat } from '../bytes/bytes.ts';
import { readU16, u16 } from '../bytes/integers.ts';

export interface CommandApdu {
  readonly cla: number;
  readonly ins: number;
  readonly p1: number;
  readonly p2: number;
  /** 0 to 65,535 bytes; the length is Nc. */
  readonly data: Uint8Array;
  /** Maximum number of bytes in the response data: 0 (no Le field) to 65,536. */
  readonly ne: number;
}

export interface DecodedCommand extends CommandApdu {
  readonly data: Bytes;
  /** True iff the length fields were extended. */
  readonly extended: boolean;
}

export const MAX_SHORT_NC = 255;
export const MAX_SHORT_NE = 256;
const MAX_EXTENDED_NC = 0xffff;
export const MAX_EXTENDED_NE = 0x10000;

/** True iff the command fits into short length fields. */
export function fitsShort(command: CommandApdu): boolean {
  return command.data.length <= MAX_SHORT_NC && command.ne <= MAX_SHORT_NE;
}

/** @throws RangeError when Nc > 255, Ne > 256 or a header field is not a byte */
export function encodeShortCommand(command: CommandApdu): Bytes {
  const { cla, ins, p1, p2, data, ne } = command;
  requireFields(command, MAX_SHORT_NC, MAX_SHORT_NE);
  const lc = data.length === 0 ? [] : [data.length];
  const le = ne === 0 ? [] : [ne & 0xff];
  return concat(cla, ins, p1, p2, ...lc, data, ...le);
}

/** @throws RangeError when Nc > 65,535, Ne > 65,536 or a header field is not a byte */
export function encodeExtendedCommand(command: CommandApdu): Bytes {
  const { cla, ins, p1, p2, data, ne } = command;
  requireFields(command, MAX_EXTENDED_NC, MAX_EXTENDED_NE);
  const header = concat(cla, ins, p1, p2);
  const le = ne === 0 ? [] : [u16(ne & 0xffff)];
  if (data.length > 0) return concat(header, 0, u16(data.length), data, ...le);
  // In a command without a data field, extended Le has three bytes, of which the first is 00.
  return ne === 0 ? header : concat(header, 0, ...le);
}

function requireFields({ data, ne }: CommandApdu, maxNc: number, maxNe: number): void {
  if (data.length > maxNc) throw new RangeError(`data has ${data.length} bytes, more than ${maxNc}`);
  if (!Number.isInteger(ne) || ne < 0 || ne > maxNe) throw new RangeError(`ne is ${ne}, not 0 to ${maxNe}`);
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
