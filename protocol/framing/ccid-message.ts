// The bulk messages of CCID 1.1 clause 6: a header of ten bytes, little-endian where it counts, and data. Codec only.
import type { Bytes } from '../bytes/bytes.ts';

/** PC_to_RDR (clause 6.1) and RDR_to_PC (clause 6.2), as far as docs/protocol.md clause 5 uses them. */
export const CcidType = {
  iccPowerOn: 0x62,
  iccPowerOff: 0x63,
  getSlotStatus: 0x65,
  xfrBlock: 0x6f,
  dataBlock: 0x80,
  slotStatus: 0x81,
} as const;

/** bError of a failed command (clause 6.2.6); 01 to 7F is the offset of the field that is wrong. */
export const CcidError = {
  notSupported: 0x00,
  length: 0x01,
  slot: 0x05,
  levelParameter: 0x08,
  slotBusy: 0xe0,
  iccMute: 0xfe,
} as const;

/** bmICCStatus. */
export const IccStatus = { active: 0, inactive: 1, absent: 2 } as const;

/** bmCommandStatus. */
export const CommandStatus = { done: 0, failed: 1, timeExtension: 2 } as const;

const CCID_HEADER_LENGTH = 10;
/** docs/protocol.md clause 5. */
export const MAX_CCID_MESSAGE = 1319;
export const MAX_CCID_DATA = MAX_CCID_MESSAGE - CCID_HEADER_LENGTH;

export interface CcidMessage {
  readonly type: number;
  readonly slot: number;
  readonly seq: number;
  /** Bytes 7 to 9, whose meaning is the type's: bStatus, bError, bChainParameter, or bBWI, wLevelParameter, say. */
  readonly parameters: readonly [number, number, number];
  readonly data: Bytes;
}

/** @throws RangeError when the data is longer than a message may hold */
export function encodeCcidMessage(
  type: number,
  slot: number,
  seq: number,
  parameters: CcidMessage['parameters'],
  data: Uint8Array,
): Bytes {
  if (data.length > MAX_CCID_DATA) throw new RangeError(`data has ${data.length} bytes, more than ${MAX_CCID_DATA}`);
  const message = new Uint8Array(CCID_HEADER_LENGTH + data.length);
  message[0] = type;
  message[1] = data.length & 0xff;
  message[2] = data.length >> 8;
  message[5] = slot;
  message[6] = seq;
  message.set(parameters, 7);
  message.set(data, CCID_HEADER_LENGTH);
  return message;
}

/** bStatus of an RDR_to_PC message. */
export const encodeStatus = (icc: number, command: number): number => (command << 6) | icc;
export const iccStatus = (status: number): number => status & 0x03;
export const commandStatus = (status: number): number => status >> 6;

/** A message that is longer than any may be, so nobody can tell where the next one begins; what its header says. */
export interface OversizedMessage {
  readonly oversized: true;
  readonly type: number;
  readonly slot: number;
  readonly seq: number;
}

const NO_OCTETS = new Uint8Array(0);

/** Puts messages together from transfers that split or join them. Each octet is copied once at most, whatever comes. */
export class CcidMessageReader {
  readonly #held = new Uint8Array(MAX_CCID_MESSAGE);
  #heldLength = 0;
  #pushed: Uint8Array = NO_OCTETS;
  #offset = 0;

  /** Call next() until it gives undefined before the octets after these are pushed. */
  push(bytes: Uint8Array): void {
    this.#pushed = bytes;
    this.#offset = 0;
  }

  /** The next message; undefined when octets are missing. After an oversized one, all that came is thrown away. */
  next(): CcidMessage | OversizedMessage | undefined {
    if (!this.#hold(CCID_HEADER_LENGTH)) return undefined;
    const at = (index: number): number => this.#held[index] ?? 0;
    const type = at(0);
    const dataLength = at(1) + at(2) * 0x100 + at(3) * 0x1_0000 + at(4) * 0x100_0000;
    const slot = at(5);
    const seq = at(6);
    if (dataLength > MAX_CCID_DATA) {
      this.#heldLength = 0;
      this.push(NO_OCTETS);
      return { oversized: true, type, slot, seq };
    }
    const length = CCID_HEADER_LENGTH + dataLength;
    if (!this.#hold(length)) return undefined;
    this.#heldLength = 0;
    const data = this.#held.slice(CCID_HEADER_LENGTH, length);
    return { type, slot, seq, parameters: [at(7), at(8), at(9)], data };
  }

  /** True once `length` octets of the message are held. */
  #hold(length: number): boolean {
    if (this.#offset < this.#pushed.length && this.#heldLength < length) {
      const end = Math.min(this.#offset + length - this.#heldLength, this.#pushed.length);
      this.#held.set(this.#pushed.subarray(this.#offset, end), this.#heldLength);
      this.#heldLength += end - this.#offset;
      this.#offset = end;
    }
    return this.#heldLength >= length;
  }
}
