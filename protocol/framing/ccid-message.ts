// Codec of CCID 1.1 bulk messages (clause 6): each has a header of ten bytes, with a little-endian
// length, and data.
import type { Bytes } from '../bytes/bytes.ts';

/**
 * The PC_to_RDR (clause 6.1) and RDR_to_PC (clause 6.2) messages that docs/protocol.md clause 5
 * uses.
 */
export const CcidType = {
  iccPowerOn: 0x62,
  iccPowerOff: 0x63,
  getSlotStatus: 0x65,
  xfrBlock: 0x6f,
  dataBlock: 0x80,
  slotStatus: 0x81,
} as const;

/** bError of a failed command (clause 6.2.6); 01 to 7F is the offset of the wrong field. */
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
/** Maximum length of a message with its header, in bytes (docs/protocol.md clause 5). */
export const MAX_CCID_MESSAGE = 1319;
export const MAX_CCID_DATA = MAX_CCID_MESSAGE - CCID_HEADER_LENGTH;

export interface CcidMessage {
  readonly type: number;
  readonly slot: number;
  readonly seq: number;
  /**
   * Bytes 7 to 9. Their meaning depends on the type, e.g. bStatus, bError, bChainParameter, or
   * bBWI, wLevelParameter.
   */
  readonly parameters: readonly [number, number, number];
  readonly data: Bytes;
}

/** @throws RangeError when the data exceeds MAX_CCID_DATA */
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

/** Encodes bStatus of an RDR_to_PC message. */
export const encodeStatus = (icc: number, command: number): number => (command << 6) | icc;
export const iccStatus = (status: number): number => status & 0x03;
export const commandStatus = (status: number): number => status >> 6;

/**
 * Header of a message that exceeds the maximum length. The start of the next message is then
 * unknown.
 */
export interface OversizedMessage {
  readonly oversized: true;
  readonly type: number;
  readonly slot: number;
  readonly seq: number;
}

const NO_BYTES = new Uint8Array(0);

/**
 * Extracts messages from transfers, which may split or join messages. Copies each byte at most
 * once.
 */
export class CcidMessageReader {
  readonly #pending = new Uint8Array(MAX_CCID_MESSAGE);
  #pendingLength = 0;
  #pushed: Uint8Array = NO_BYTES;
  #offset = 0;

  /** Adds received bytes. Call next() until it returns undefined before the next push(). */
  push(bytes: Uint8Array): void {
    this.#pushed = bytes;
    this.#offset = 0;
  }

  /**
   * Returns the next message; undefined while bytes are missing. Discards all input at an oversized
   * message.
   */
  next(): CcidMessage | OversizedMessage | undefined {
    if (!this.#collect(CCID_HEADER_LENGTH)) return undefined;
    const at = (index: number): number => this.#pending[index] ?? 0;
    const type = at(0);
    const dataLength = at(1) + at(2) * 0x100 + at(3) * 0x1_0000 + at(4) * 0x100_0000;
    const slot = at(5);
    const seq = at(6);
    if (dataLength > MAX_CCID_DATA) {
      this.#pendingLength = 0;
      this.push(NO_BYTES);
      return { oversized: true, type, slot, seq };
    }
    const length = CCID_HEADER_LENGTH + dataLength;
    if (!this.#collect(length)) return undefined;
    this.#pendingLength = 0;
    const data = this.#pending.slice(CCID_HEADER_LENGTH, length);
    return { type, slot, seq, parameters: [at(7), at(8), at(9)], data };
  }

  /**
   * Copies up to `length` bytes of the message into #pending. Returns true when #pending has all of
   * them.
   */
  #collect(length: number): boolean {
    if (this.#offset < this.#pushed.length && this.#pendingLength < length) {
      const end = Math.min(this.#offset + length - this.#pendingLength, this.#pushed.length);
      this.#pending.set(this.#pushed.subarray(this.#offset, end), this.#pendingLength);
      this.#pendingLength += end - this.#offset;
      this.#offset = end;
    }
    return this.#pendingLength >= length;
  }
}
