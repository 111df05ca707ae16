// A card as one link sees it (ISO/IEC 7816-4): class, instruction and parameters, selection, command chaining, 61xx and GET
// RESPONSE. Generic over the application that stands on it, the EI or the AS token card. Knows neither keys nor links.

import { type CommandApdu, type DecodedCommand, decodeCommand } from '#protocol/apdu/command-apdu.ts';
import { encodeResponse } from '#protocol/apdu/response-apdu.ts';
import { type Bytes, concat, equalBytes } from '#protocol/bytes/bytes.ts';
import { hexNumber } from '#protocol/bytes/hex.ts';
import { MemoryFailure } from './memory.ts';

/** A command ends with this status word and no data. Thrown by an application, answered by the card. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly statusWord: number;

  constructor(statusWord: number) {
    super(`refused with ${hexNumber(statusWord)}`);
    this.statusWord = statusWord;
  }
}

export interface Instruction {
  /** 80 unless said. */
  readonly cla?: 0x00 | 0x80;
  readonly ins: number;
  /** What P1 and P2 may be; all else is 6A86. */
  accepts(p1: number, p2: number): boolean;
  /** May come in parts (CLA bit 10); a part of another instruction is 6884. */
  readonly chained: boolean;
  /** Resolves with the answer's data. @throws Refusal */
  run(command: CommandApdu): Bytes | Promise<Bytes>;
}

/** One application on one link. SELECT and GET RESPONSE are the card's. */
export interface Application {
  readonly aid: Bytes;
  /** Extended length is understood; else it is 6700. */
  readonly extendedLength: boolean;
  readonly instructions: readonly Instruction[];
  /** SELECT's answer. */
  select(): Bytes | Promise<Bytes>;
  /** Reset or power-up of the link: the selection is already gone. */
  reset(): void;
}

const SELECT = 0xa4;
const GET_RESPONSE = 0xc0;
const CHAINING = 0x10;
/** The longest chain that is gathered: more than any command here can use. */
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
  /** Resets so far: what was running at one of them selects nothing afterwards. */
  #resets = 0;
  #chain: Chain | undefined;
  /** What GET RESPONSE still has to give. */
  #remainder: Bytes = NOTHING;

  constructor(application: Application) {
    this.#application = application;
  }

  /** Loss of power, reset or IccPowerOn. */
  reset(): void {
    this.#resets++;
    this.#selected = false;
    this.#chain = undefined;
    this.#remainder = NOTHING;
    this.#application.reset();
  }

  /** One command APDU to one response APDU. @throws PowerCut, and whatever is a bug */
  async process(bytes: Uint8Array): Promise<Bytes> {
    try {
      const command = this.#decode(bytes);
      const data = await this.#dispatch(command);
      return this.#answer(data, command.ne);
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
    const gathered = this.#gather(command, chain);
    return gathered === undefined ? NOTHING : await instructionOf(this.#application, gathered).run(gathered);
  }

  async #select({ p1, p2, data }: CommandApdu): Promise<Bytes> {
    if (p1 !== 0x04 || p2 !== 0x00) throw new Refusal(0x6a86);
    if (!equalBytes(data, this.#application.aid)) throw new Refusal(0x6a82);
    const resets = this.#resets;
    const answer = await this.#application.select();
    this.#selected ||= resets === this.#resets;
    return answer;
  }

  /** The whole command, or undefined while parts of it are missing (ISO/IEC 7816-4 clause 5.3.3). */
  #gather(command: CommandApdu, chain: Chain | undefined): CommandApdu | undefined {
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

  /** As much as Le asks for; what is left comes with GET RESPONSE, and 61xx says how much that is. */
  #answer(data: Bytes, ne: number): Bytes {
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
