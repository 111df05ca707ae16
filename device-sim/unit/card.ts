// The card on one link (ISO/IEC 7816-4). Checks class, instruction and parameters, and handles
// selection, command chaining, 61xx and GET RESPONSE. The application on the card is the EI or the
// AS token card.
import type { CommandApdu } from '#protocol/apdu/command-apdu.ts';
import { type DecodedCommand, decodeCommand } from '#protocol/apdu/decode-command.ts';
import { encodeResponse } from '#protocol/apdu/response-apdu.ts';
import { type Bytes, concat, equalBytes } from '#protocol/bytes/bytes.ts';
import { hexNumber } from '#protocol/bytes/hex.ts';
import { MemoryFailure } from './memory.ts';

/** Thrown to refuse a command. The card answers with this status word and no data. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly statusWord: number;

  constructor(statusWord: number) {
    super(`refused with ${hexNumber(statusWord, 4)}`);
    this.statusWord = statusWord;
  }
}

export interface Instruction {
  /** Class byte; 0x80 by default. */
  readonly cla?: 0x00 | 0x80;
  readonly ins: number;
  /** Whether P1 and P2 are valid. If not, the card answers 6A86. */
  accepts(p1: number, p2: number): boolean;
  /** Whether command chaining (CLA bit b5, 0x10) is supported. If not, the card answers 6884. */
  readonly chained: boolean;
  /** Resolves with the data of the response. @throws Refusal */
  run(command: CommandApdu): Bytes | Promise<Bytes>;
}

/** One application on one link. The card itself handles SELECT and GET RESPONSE. */
export interface Application {
  readonly aid: Bytes;
  /** Whether extended length is supported. If not, the card answers 6700. */
  readonly extendedLength: boolean;
  readonly instructions: readonly Instruction[];
  /** Returns the data of the response to SELECT. */
  select(): Bytes | Promise<Bytes>;
  /** Called when the card is reset or powered up. The application is then no longer selected. */
  reset(): void;
}

const SELECT = 0xa4;
const GET_RESPONSE = 0xc0;
const CHAINING = 0x10;
/** Maximum length of a chained command, in bytes. No command of docs/protocol.md is longer. */
const MAX_CHAIN_LENGTH = 2048;
const SHORT_LIMIT = 256;
const NOTHING = new Uint8Array(0);

interface Chain {
  readonly ins: number;
  readonly p1: number;
  readonly p2: number;
  readonly data: Bytes;
}

export class Card {
  readonly #application: Application;
  #selected = false;
  /**
   * Number of resets. #select compares the number before and after its work. If it changed, a reset
   * has interrupted SELECT, so the application is not selected.
   */
  #resets = 0;
  #chain: Chain | undefined;
  /** The part of a response that is not sent yet. GET RESPONSE returns it. */
  #remainder: Bytes = NOTHING;

  constructor(application: Application) {
    this.#application = application;
  }

  /** Called when the card loses power, is reset or is powered up (IccPowerOn). */
  reset(): void {
    this.#resets++;
    this.#selected = false;
    this.#chain = undefined;
    this.#remainder = NOTHING;
    this.#application.reset();
  }

  /** Runs one command APDU and resolves with its response APDU. @throws PowerCut */
  async process(bytes: Uint8Array): Promise<Bytes> {
    try {
      const command = this.#decode(bytes);
      const data = await this.#dispatch(command);
      return this.#respond(data, command.ne);
    } catch (error) {
      if (error instanceof Refusal) return encodeResponse(NOTHING, error.statusWord);
      if (error instanceof MemoryFailure) return encodeResponse(NOTHING, 0x6581);
      throw error;
    }
  }

  #decode(bytes: Uint8Array): DecodedCommand {
    let command: DecodedCommand;
    try {
      command = decodeCommand(bytes);
    } catch (error) {
      throw error instanceof SyntaxError ? new Refusal(0x6700) : error;
    }
    if (command.extended && !this.#application.extendedLength) throw new Refusal(0x6700);
    return command;
  }

  async #dispatch(command: CommandApdu): Promise<Bytes> {
    const [pending, chain] = [this.#remainder, this.#chain];
    this.#remainder = NOTHING;
    this.#chain = undefined;
    const proprietary = (command.cla & ~CHAINING) === 0x80;
    if (!proprietary && command.cla !== 0x00) throw new Refusal(0x6e00);
    if (chain !== undefined && isForeign(command, chain)) throw new Refusal(0x6883);
    if (command.cla === 0x00 && command.ins === SELECT) return this.#select(command);
    if (!this.#selected) throw new Refusal(0x6e00);
    if (command.cla === 0x00 && command.ins === GET_RESPONSE) return getResponse(command, pending);
    const complete = this.#assemble(command, chain);
    return complete === undefined ? NOTHING : await instructionOf(this.#application, complete).run(complete);
  }

  async #select({ p1, p2, data }: CommandApdu): Promise<Bytes> {
    if (p1 !== 0x04 || p2 !== 0x00) throw new Refusal(0x6a86);
    if (!equalBytes(data, this.#application.aid)) throw new Refusal(0x6a82);
    const resets = this.#resets;
    const response = await this.#application.select();
    this.#selected ||= resets === this.#resets;
    return response;
  }

  /**
   * Returns the complete command, or undefined while parts are missing (ISO/IEC 7816-4 clause
   * 5.3.3).
   */
  #assemble(command: CommandApdu, chain: Chain | undefined): CommandApdu | undefined {
    const { cla, ins, p1, p2 } = command;
    const instruction = instructionOf(this.#application, command);
    const isLast = (cla & CHAINING) === 0;
    if (!isLast && !instruction.chained) throw new Refusal(0x6884);
    const data = concat(chain?.data ?? NOTHING, command.data);
    if (data.length > MAX_CHAIN_LENGTH) throw new Refusal(0x6700);
    if (isLast) return { ...command, data };
    this.#chain = { ins, p1, p2, data };
    return undefined;
  }

  /**
   * Returns up to Ne bytes. If more remain, 61xx gives their number and GET RESPONSE returns them.
   */
  #respond(data: Bytes, ne: number): Bytes {
    if (data.length <= ne) return encodeResponse(data, 0x9000);
    this.#remainder = data.slice(ne);
    const left = this.#remainder.length;
    return encodeResponse(data.subarray(0, ne), 0x6100 | (left >= SHORT_LIMIT ? 0x00 : left));
  }
}

function isForeign({ cla, ins, p1, p2 }: CommandApdu, chain: Chain): boolean {
  return (cla & ~CHAINING) !== 0x80 || ins !== chain.ins || p1 !== chain.p1 || p2 !== chain.p2;
}

function instructionOf(application: Application, { cla, ins, p1, p2 }: CommandApdu): Instruction {
  const instruction = application.instructions.find(
    (candidate) => candidate.ins === ins && (candidate.cla ?? 0x80) === (cla & ~CHAINING),
  );
  if (instruction === undefined) throw new Refusal(0x6d00);
  if (!instruction.accepts(p1, p2)) throw new Refusal(0x6a86);
  return instruction;
}

function getResponse({ p1, p2, data }: CommandApdu, pending: Bytes): Bytes {
  if (p1 !== 0x00 || p2 !== 0x00) throw new Refusal(0x6a86);
  if (data.length !== 0) throw new Refusal(0x6700);
  if (pending.length === 0) throw new Refusal(0x6985);
  return pending;
}
