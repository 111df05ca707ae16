// Reads a command that an expert enters in the console, and decides whether the page may send it. The
// page sends only the commands of docs/protocol.md clause 4.2 that change no key in a unit
// (docs/adr/0061).
import type { CommandApdu } from '#protocol/apdu/command-apdu.ts';
import { type DecodedCommand, decodeCommand } from '#protocol/apdu/decode-command.ts';
import { concat } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { readTypedHex } from '#protocol/text/typed-code.ts';
import { type Exchange, redact } from '../../transport/trace.ts';

/**
 * Maximum length of a command in bytes: the longest CCID message without its header (docs/protocol.md
 * clause 5).
 */
export const MAX_COMMAND_LENGTH = 1309;

const HEADER_LENGTH = 4;
const CHAINING = 0x10;

/** Why the entered text is not a command. */
export type Malformed =
  /** `sign` is the first character that is not a hex digit. */
  | { readonly is: 'not-hex'; readonly sign: string }
  | { readonly is: 'odd'; readonly digits: number }
  | { readonly is: 'short' | 'long'; readonly length: number }
  /** `following` is the number of bytes after Lc. */
  | { readonly is: 'wrong-lc'; readonly lc: number; readonly following: number }
  | { readonly is: 'long-form' };

/** Why the page does not send a command by hand. */
export type Refusal =
  /** The command would load a key, erase one or replace the transport key. */
  | { readonly is: 'import' }
  /** The command belongs to AS token cards. */
  | { readonly is: 'token' }
  /** The specification does not contain the command. */
  | { readonly is: 'unlisted' }
  /** The command is permitted, but only with the class, parameters and length of `form`. */
  | { readonly is: 'other-form'; readonly form: string };

export type HandCommand =
  | { readonly is: 'empty' }
  | { readonly is: 'malformed'; readonly fault: Malformed }
  | (DecodedHandCommand & { readonly is: 'refused'; readonly refusal: Refusal })
  | (DecodedHandCommand & { readonly is: 'permitted' });

export interface DecodedHandCommand {
  readonly command: CommandApdu;
  /**
   * The command as an exchange without a response. Its description is shown before the command is
   * sent.
   */
  readonly preview: Exchange;
}

interface Permitted {
  /** CLA INS. */
  readonly key: string;
  /** P1 P2 as a pattern of hex digits. */
  readonly parameters: RegExp;
  /** The data field in hex. */
  readonly data: string;
  /** The permitted form, in the notation of docs/protocol.md clause 4.2. */
  readonly form: string;
}

/**
 * Does not permit SELECT of another application, which could start a program of the manufacturer.
 */
const PERMITTED: readonly Permitted[] = [
  { key: '00A4', parameters: /^0400$/, data: 'F0544B4C3101', form: '00 A4 04 00 06 F0544B4C3101 [Le]' },
  { key: '80CA', parameters: /^0000$/, data: '', form: '80 CA 00 00 [Le]' },
  { key: '8084', parameters: /^00/, data: '', form: '80 84 00 suite [Le]' },
  { key: '80CB', parameters: /^/, data: '', form: '80 CB REF2 [Le]' },
  { key: '80CE', parameters: /^0000$/, data: '', form: '80 CE 00 00' },
  { key: '00C0', parameters: /^0000$/, data: '', form: '00 C0 00 00 [Le]' },
];

const IMPORTKEY = 'D8';

/** EXPORTKEY, VERIFYRECEIPT, VERIFY, CHANGE REFERENCE DATA, and GET DATA by its parameters. */
const TOKEN_COMMANDS: ReadonlySet<string> = new Set(['80DA', '80DC', '0020', '0024', '80CA0001']);

export function readHandCommand(text: string): HandCommand {
  const digits = readTypedHex(text);
  if (digits === '') return { is: 'empty' };
  const fault = findFault(digits);
  if (fault !== undefined) return { is: 'malformed', fault };
  const bytes = fromHex(digits);
  try {
    return judge(bytes, decodeCommand(bytes));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { is: 'malformed', fault: lengthFault(bytes) };
  }
}

function findFault(digits: string): Malformed | undefined {
  const [sign] = /[^0-9A-F]/iu.exec(digits) ?? [];
  if (sign !== undefined) return { is: 'not-hex', sign };
  if (digits.length % 2 !== 0) return { is: 'odd', digits: digits.length };
  const length = digits.length / 2;
  if (length < HEADER_LENGTH) return { is: 'short', length };
  return length > MAX_COMMAND_LENGTH ? { is: 'long', length } : undefined;
}

/** Returns which length field decodeCommand() has refused. */
function lengthFault(bytes: Uint8Array): Malformed {
  const [, , , , first = 0, high = 0, low = 0] = bytes;
  if (first !== 0) return { is: 'wrong-lc', lc: first, following: bytes.length - 5 };
  const lc = high * 256 + low;
  return bytes.length < 8 || lc === 0 ? { is: 'long-form' } : { is: 'wrong-lc', lc, following: bytes.length - 7 };
}

function judge(bytes: Uint8Array, { extended, ...command }: DecodedCommand): HandCommand {
  const header = toHex(bytes.subarray(0, HEADER_LENGTH));
  const key = toHex(concat(command.cla & ~CHAINING, command.ins));
  const permitted = PERMITTED.find((each) => each.key === key);
  const decoded = { command, preview: redact(bytes, undefined, new Date(0)) };
  const refused = (refusal: Refusal): HandCommand => ({ is: 'refused', ...decoded, refusal });
  if (header.slice(2, 4) === IMPORTKEY) return refused({ is: 'import' });
  if (TOKEN_COMMANDS.has(key) || TOKEN_COMMANDS.has(header)) return refused({ is: 'token' });
  if (permitted === undefined) return refused({ is: 'unlisted' });
  const { parameters, data, form } = permitted;
  const isForm =
    header.startsWith(key) && parameters.test(header.slice(4)) && toHex(command.data) === data && !extended;
  return isForm ? { is: 'permitted', ...decoded } : refused({ is: 'other-form', form });
}
