// Encodes the command APDU, short and extended, cases 1 to 4 (ISO/IEC 7816-4 clause 5.2, ISO/IEC
// 7816-3 clause 12.1). The host encodes every command with it.
import { type Bytes, concat } from '../bytes/bytes.ts';
import { u16 } from '../bytes/integers.ts';

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
