// A command is a value with two pure halves; run() sends one and decodes its answer. Knows no instruction and no link.
import { exchange } from '../apdu/chaining.ts';
import type { CommandApdu } from '../apdu/command-apdu.ts';
import { isSuccess } from '../apdu/status-word.ts';
import type { Transmit } from '../apdu/transmit.ts';
import { ProtocolError, StatusWordError } from '../errors.ts';

export interface Command<Request, Answer> {
  /** As the specification writes it, e.g. "IMPORTKEY". */
  readonly name: string;
  /** What a status word other than 9000 means from this command, where that is narrower than in general. */
  readonly statusWords: Readonly<Record<number, string>>;
  encode(request: Request): CommandApdu;
  /** @throws ProtocolError unit-nonsense naming what the specification does not have */
  decode(data: Uint8Array): Answer;
}

export interface RunOptions {
  /** The unit's capability b1: commands that are too long for a short APDU go in one extended APDU instead of a chain. */
  readonly extendedLength?: boolean;
}

/** @throws ProtocolError of the link, unit-nonsense; StatusWordError when the status word is not 9000 */
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

/** An answer that the specification does not have: which command, and what is wrong with it. */
export function nonsense(command: string, what: string): ProtocolError {
  return new ProtocolError('unit-nonsense', `${command}: ${what}`);
}

/** For a command whose answer is its status word alone. */
export function decodeNothing(command: string, data: Uint8Array): void {
  if (data.length !== 0) throw nonsense(command, `an answer of ${data.length} bytes where there is none`);
}
