// One command of any length over a link that carries APDUs: command chaining (ISO/IEC 7816-4 clause 5.3.3), GET RESPONSE after
// 61xx, the right Le after 6Cxx (clause 5.3.4). When extended length is allowed is docs/protocol.md clause 4. Knows no instruction
// but GET RESPONSE, and no link.
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
import { isSuccess } from './status-word.ts';
import type { Transmit } from './transmit.ts';

export interface ExchangeOptions {
  /** Capability b1 of the unit; a command that fits goes short in any case. */
  readonly extendedLength: boolean;
}

const CLA_CHAINING = 0x10;
/** As many as the longest answer needs when each brings all it can. */
const MAX_GET_RESPONSES = MAX_EXTENDED_NE / MAX_SHORT_NE;

/**
 * The data of the whole answer and the last status word, whatever it is; it is never 61xx.
 * @throws ProtocolError of the link; unit-nonsense when a unit never comes to an end with 61xx
 */
export async function exchange(
  transmit: Transmit,
  command: CommandApdu,
  { extendedLength }: ExchangeOptions,
): Promise<ResponseApdu> {
  const parts = encodeParts(command, extendedLength);
  let response = await transmitParts(transmit, parts);
  if (sw1(response) === 0x6c) {
    // The unit ran nothing and dropped the chain, so all of it goes again.
    response = await transmitParts(transmit, encodeParts({ ...command, ne: available(response) }, extendedLength));
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

/** The answer to the last part, or to the first one that was refused. */
async function transmitParts(transmit: Transmit, parts: readonly Bytes[]): Promise<ResponseApdu> {
  let response: ResponseApdu | undefined;
  for (const part of parts) {
    response = decodeResponse(await transmit(part));
    if (!isSuccess(response.sw)) break;
  }
  if (response === undefined) throw new RangeError('a command has at least one part');
  return response;
}

async function fetchRest(transmit: Transmit, first: ResponseApdu): Promise<ResponseApdu> {
  const parts = [first.data];
  let response = first;
  for (let count = 0; sw1(response) === 0x61; count++) {
    if (count === MAX_GET_RESPONSES) throw new ProtocolError('unit-nonsense', 'the unit never ends with 61xx');
    response = await getResponse(transmit, available(response));
    if (sw1(response) === 0x6c) response = await getResponse(transmit, available(response));
    parts.push(response.data);
  }
  return { data: concat(...parts), sw: response.sw };
}

async function getResponse(transmit: Transmit, ne: number): Promise<ResponseApdu> {
  const command = { cla: 0x00, ins: 0xc0, p1: 0, p2: 0, data: concat(), ne };
  return decodeResponse(await transmit(encodeShortCommand(command)));
}

const sw1 = ({ sw }: ResponseApdu): number => sw >> 8;

/** SW2 of 61xx and 6Cxx; 00 stands for 256. */
const available = ({ sw }: ResponseApdu): number => sw & 0xff || MAX_SHORT_NE;
