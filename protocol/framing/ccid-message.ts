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

export const CCID_HEADER_LENGTH = 10;
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
  message.set([type, data.length & 0xff, data.length >> 8, 0, 0, slot, seq, ...parameters]);
  message.set(data, CCID_HEADER_LENGTH);
  return message;
}

/** bStatus of an RDR_to_PC message. */
export const encodeStatus = (icc: number, command: number): number => (command << 6) | icc;
export const iccStatus = (status: number): number => status & 0x03;
export const commandStatus = (status: number): number => status >> 6;

/** A message that is longer than any may be, so nobody can tell where the next one begins: its first octets, 0 to 9. */
export interface OversizedMessage {
  readonly oversized: true;
  readonly type: number;
  readonly slot: number;
  readonly seq: number;
}

/** Puts messages together from transfers that split or join them. Each octet is copied once at most, whatever comes. */
export class CcidMessageReader {
  readonly #held = new Uint8Array(MAX_CCID_MESSAGE);
  #heldLength = 0;
  #rest: Uint8Array = new Uint8Array(0);

  /** Call next() until it gives undefined before the octets after these are pushed. */
  push(bytes: Uint8Array): void {
    this.#rest = bytes;
  }

  /** The next message; undefined when octets are missing. After an oversized one, all that came is thrown away. */
  next(): CcidMessage | OversizedMessage | undefined {
    if (!this.#hold(CCID_HEADER_LENGTH)) return undefined;
    const [type = 0, l0 = 0, l1 = 0, l2 = 0, l3 = 0, slot = 0, seq = 0, p0 = 0, p1 = 0, p2 = 0] = this.#held;
    const dataLength = l0 + l1 * 0x100 + l2 * 0x1_0000 + l3 * 0x100_0000;
    if (dataLength > MAX_CCID_DATA) {
      this.#heldLength = 0;
      this.#rest = new Uint8Array(0);
      return { oversized: true, type, slot, seq };
    }
    const length = CCID_HEADER_LENGTH + dataLength;
    if (!this.#hold(length)) return undefined;
    this.#heldLength = 0;
    const data = this.#held.slice(CCID_HEADER_LENGTH, length);
    return { type, slot, seq, parameters: [p0, p1, p2], data };
  }

  /** True once `length` octets of the message are held. */
  #hold(length: number): boolean {
    const taken = this.#rest.subarray(0, Math.max(0, length - this.#heldLength));
    this.#held.set(taken, this.#heldLength);
    this.#heldLength += taken.length;
    this.#rest = this.#rest.subarray(taken.length);
    return this.#heldLength >= length;
  }
}
