// A command is a value with an encoder for the request and a decoder for the response. run() sends
// the request over a link and decodes the response. Most other files of this folder define one
// command each (docs/protocol.md clause 4).
import { exchange } from '../apdu/chaining.ts';
import type { CommandApdu } from '../apdu/command-apdu.ts';
import { isSuccess } from '../apdu/status-word.ts';
import type { Transmit } from '../apdu/transmit.ts';
import { ProtocolError, StatusWordError } from '../errors.ts';

export interface Command<Request, Answer> {
  /** Name in docs/protocol.md, e.g. "IMPORTKEY". */
  readonly name: string;
  encode(request: Request): CommandApdu;
  /** @throws ProtocolError unit-nonsense naming the violation of the specification */
  decode(data: Uint8Array): Answer;
}

export interface RunOptions {
  /**
   * Capability b1 of the unit: a long command is one extended APDU instead of a chain. False by
   * default.
   */
  readonly extendedLength?: boolean;
}

/**
 * Exchanges one command and returns the decoded response.
 * @throws ProtocolError from the link; unit-nonsense
 * @throws StatusWordError when the status word is not 9000
 */
export async function run<Request, Answer>(
  transmit: Transmit,
  command: Command<Request, Answer>,
  request: Request,
  { extendedLength = false }: RunOptions = {},
): Promise<Answer> {
  const { data, sw } = await exchange(transmit, command.encode(request), { extendedLength });
  if (!isSuccess(sw)) throw new StatusWordError(command.name, sw);
  return command.decode(data);
}

/** Creates the error for a response that violates the specification. */
export function nonsense(command: string, fault: string): ProtocolError {
  return new ProtocolError('unit-nonsense', `${command}: ${fault}`);
}

/** Decodes the response of a command that returns only a status word. */
export function decodeNothing(command: string, data: Uint8Array): void {
  if (data.length !== 0) throw nonsense(command, `response data of ${data.length} bytes, expected none`);
}
