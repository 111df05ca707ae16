// Exchanges a command of any length as one or more APDUs: command chaining (ISO/IEC 7816-4 clause
// 5.3.3), GET RESPONSE after 61xx and a corrected Le after 6Cxx (clause 5.3.4). docs/protocol.md
// clause 4.1 says when extended length is allowed.
import { type Bytes, concat } from '../bytes/bytes.ts';
import { ProtocolError } from '../errors.ts';
import {
  type CommandApdu,
  encodeExtendedCommand,
  encodeShortCommand,
  fitsShort,
  MAX_EXTENDED_NE,
  MAX_SHORT_NC,
  MAX_SHORT_NE,
} from './command-apdu.ts';
import { decodeResponse, type ResponseApdu } from './response-apdu.ts';
import { formatStatusWord, isSuccess } from './status-word.ts';
import type { Transmit } from './transmit.ts';

export interface ExchangeOptions {
  /**
   * Capability b1 of the unit. A command that fits into a short APDU is always sent as a short
   * APDU.
   */
  readonly extendedLength: boolean;
}

const CLA_CHAINING = 0x10;
/** Maximum number of GET RESPONSE commands for one response. Each returns up to 256 bytes. */
const MAX_GET_RESPONSES = MAX_EXTENDED_NE / MAX_SHORT_NE;

/**
 * Status word of a command whose precondition no longer holds, for example because its challenge
 * was used.
 */
const CONDITION_USED = 0x6985;

/**
 * Returns the joined response data and the final status word, which is never 61xx.
 * @throws ProtocolError any error of the link; unit-nonsense when GET RESPONSE fails after 61xx, or
 * 6985 follows 6Cxx. The device may then have run the command, but its response is lost.
 */
export async function exchange(
  transmit: Transmit,
  command: CommandApdu,
  { extendedLength }: ExchangeOptions,
): Promise<ResponseApdu> {
  const parts = encodeParts(command, extendedLength);
  let response = await transmitParts(transmit, parts);
  if (sw1(response) === 0x6c) {
    // 6Cxx means that the unit has not run the command. The unit has also dropped the chain, so all
    // parts are sent again.
    const first = response.sw;
    response = await transmitParts(transmit, encodeParts({ ...command, ne: available(response) }, extendedLength));
    if (response.sw === CONDITION_USED) {
      throw new ProtocolError('unit-nonsense', `6985 after ${formatStatusWord(first)}: the command may have been run`);
    }
  }
  return sw1(response) === 0x61 ? await fetchRest(transmit, response) : response;
}

function encodeParts(command: CommandApdu, extendedLength: boolean): readonly Bytes[] {
  if (fitsShort(command)) return [encodeShortCommand(command)];
  if (extendedLength) return [encodeExtendedCommand(command)];
  const { data } = command;
  const ne = Math.min(command.ne, MAX_SHORT_NE);
  const parts: Bytes[] = [];
  let offset = 0;
  for (; data.length - offset > MAX_SHORT_NC; offset += MAX_SHORT_NC) {
    const part = data.subarray(offset, offset + MAX_SHORT_NC);
    parts.push(encodeShortCommand({ ...command, cla: command.cla | CLA_CHAINING, data: part, ne: 0 }));
  }
  parts.push(encodeShortCommand({ ...command, data: data.subarray(offset), ne }));
  return parts;
}

/** Sends the parts. Returns the response to the last part, or to the first refused part. */
async function transmitParts(transmit: Transmit, parts: readonly Bytes[]): Promise<ResponseApdu> {
  let response: ResponseApdu | undefined;
  for (const part of parts) {
    response = decodeResponse(await transmit(part));
    if (!isSuccess(response.sw)) break;
  }
  if (response === undefined) throw new RangeError('a command has at least one part');
  return response;
}

/**
 * Fetches the rest of a response with GET RESPONSE. 61xx means that the command was run, so an
 * error of GET RESPONSE is not reported as a refusal of the command.
 */
async function fetchRest(transmit: Transmit, first: ResponseApdu): Promise<ResponseApdu> {
  const parts = [first.data];
  let response = first;
  for (let count = 0; sw1(response) === 0x61; count++) {
    if (count === MAX_GET_RESPONSES) throw new ProtocolError('unit-nonsense', '61xx repeats without end');
    response = await getResponse(transmit, available(response));
    if (sw1(response) === 0x6c) response = await getResponse(transmit, available(response));
    parts.push(response.data);
  }
  if (!isSuccess(response.sw)) {
    const message = `GET RESPONSE returned ${formatStatusWord(response.sw)} after ${formatStatusWord(first.sw)}`;
    throw new ProtocolError('unit-nonsense', message);
  }
  return { data: concat(...parts), sw: response.sw };
}

async function getResponse(transmit: Transmit, ne: number): Promise<ResponseApdu> {
  const command = { cla: 0x00, ins: 0xc0, p1: 0, p2: 0, data: concat(), ne };
  return decodeResponse(await transmit(encodeShortCommand(command)));
}

const sw1 = ({ sw }: ResponseApdu): number => sw >> 8;

/** Returns the number of available bytes: SW2 of 61xx and 6Cxx, where 00 means 256. */
const available = ({ sw }: ResponseApdu): number => sw & 0xff || MAX_SHORT_NE;
