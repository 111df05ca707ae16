// Codec of the T=1 block NAD PCB LEN INF EDC (ISO/IEC 7816-3 clause 11.3), and the parameters that
// host and unit share (docs/protocol.md clause 5: NAD is 00). t1-host.ts and t1-card.ts have the
// two sides of the protocol.
import { type Bytes, equalBytes } from '../bytes/bytes.ts';
import { computeEdc, EDC_LENGTH, type Edc } from './edc.ts';

/** N(S) and N(R) count modulo 2. */
export type SequenceBit = 0 | 1;

export interface IBlock {
  readonly kind: 'I';
  /** N(S). */
  readonly ns: SequenceBit;
  /** M: more blocks of the chain follow. */
  readonly more: boolean;
  /** 0 to 254 bytes. */
  readonly inf: Bytes;
}

export interface RBlock {
  readonly kind: 'R';
  /** N(R): the expected next N(S). */
  readonly nr: SequenceBit;
  /** 0 no error, 1 EDC or parity, 2 other. */
  readonly error: 0 | 1 | 2;
}

export interface SBlock {
  readonly kind: 'S';
  readonly request: 'resynch' | 'ifs' | 'abort' | 'wtx';
  /** True for a response, false for a request. */
  readonly response: boolean;
  /** One byte for IFS and WTX, else 0. */
  readonly value: number;
}

export type T1Block = IBlock | RBlock | SBlock;

/**
 * Maximum length of INF (LEN FF is reserved). It is also the initial IFSC, because a serial link
 * has no ATR.
 */
export const MAX_IFS = 254;
/** IFSD until the host sends S(IFS request). */
export const INITIAL_IFSD = 32;
/** Block waiting time in ms, from the end of a block to the first byte of the response. */
export const BWT_MS = 1000;
/** Character waiting time in ms: the maximum gap inside a block. */
export const CWT_MS = 200;
/** Time for which the line must be silent after a damaged block, in ms. */
export const DAMAGE_SILENCE_MS = 15;

const NAD = 0x00;
const PROLOGUE_LENGTH = 3;
const S_REQUESTS = ['resynch', 'ifs', 'abort', 'wtx'] as const;
const MORE = 0x20;
const RESPONSE = 0x20;

export function encodeIBlock(ns: SequenceBit, more: boolean, inf: Uint8Array, edc: Edc): Bytes {
  if (inf.length > MAX_IFS) throw new RangeError(`inf has ${inf.length} bytes, more than ${MAX_IFS}`);
  return encode((ns << 6) | (more ? MORE : 0), inf, edc);
}

export function encodeRBlock(nr: SequenceBit, error: RBlock['error'], edc: Edc): Bytes {
  return encode(0x80 | (nr << 4) | error, NO_INF, edc);
}

/** @param value one byte; ignored except for IFS and WTX */
export function encodeSBlock(request: SBlock['request'], response: boolean, value: number, edc: Edc): Bytes {
  const inf = hasValue(request) ? Uint8Array.of(value) : NO_INF;
  return encode(0xc0 | (response ? RESPONSE : 0) | S_REQUESTS.indexOf(request), inf, edc);
}

/** True iff `bytes` are the encoding of the block. */
export function isEncodingOf(block: T1Block, bytes: Uint8Array, edc: Edc): boolean {
  switch (block.kind) {
    case 'I':
      return equalBytes(encodeIBlock(block.ns, block.more, block.inf, edc), bytes);
    case 'R':
      return equalBytes(encodeRBlock(block.nr, block.error, edc), bytes);
    case 'S':
      return equalBytes(encodeSBlock(block.request, block.response, block.value, edc), bytes);
  }
}

const NO_INF = new Uint8Array(0);

function encode(pcb: number, inf: Uint8Array, edc: Edc): Bytes {
  const end = PROLOGUE_LENGTH + inf.length;
  const block = new Uint8Array(end + EDC_LENGTH[edc]);
  block[0] = NAD;
  block[1] = pcb;
  block[2] = inf.length;
  block.set(inf, PROLOGUE_LENGTH);
  const code = computeEdc(edc, block, 0, end);
  if (edc === 'crc') block[end] = code >> 8;
  block[block.length - 1] = code & 0xff;
  return block;
}

/**
 * Decodes the block at from..to. Returns undefined when the EDC is wrong or a field violates clause
 * 11.3.
 */
function decodeAt(bytes: Uint8Array, from: number, to: number, edc: Edc): T1Block | undefined {
  const end = to - EDC_LENGTH[edc];
  let code = 0;
  for (let i = end; i < to; i++) code = (code << 8) | (bytes[i] ?? 0);
  if (code !== computeEdc(edc, bytes, from, end)) return undefined;
  return decodePcb(bytes[from + 1] ?? 0, bytes.slice(from + PROLOGUE_LENGTH, end));
}

function decodePcb(pcb: number, inf: Bytes): T1Block | undefined {
  if ((pcb & 0x80) === 0) {
    if ((pcb & 0x1f) !== 0) return undefined;
    return { kind: 'I', ns: pcb & 0x40 ? 1 : 0, more: (pcb & MORE) !== 0, inf };
  }
  if ((pcb & 0x40) === 0) {
    const error = pcb & 0x0f;
    if ((pcb & 0x20) !== 0 || inf.length !== 0 || (error !== 0 && error !== 1 && error !== 2)) return undefined;
    return { kind: 'R', nr: pcb & 0x10 ? 1 : 0, error };
  }
  const request = S_REQUESTS[pcb & 0x1f];
  if (request === undefined) return undefined;
  const value = inf[0] ?? 0;
  if (inf.length !== (hasValue(request) ? 1 : 0) || !isValue(request, value)) return undefined;
  return { kind: 'S', request, response: (pcb & RESPONSE) !== 0, value };
}

function hasValue(request: SBlock['request']): boolean {
  return request === 'ifs' || request === 'wtx';
}

/**
 * Whether the request permits the value. IFS 00 and FF are reserved, and WTX 00 extends nothing.
 */
function isValue(request: SBlock['request'], value: number): boolean {
  return !hasValue(request) || (value !== 0 && (request !== 'ifs' || value <= MAX_IFS));
}

/** True iff `b` is a repetition of `a`. */
export function isSameIBlock(a: IBlock, b: IBlock): boolean {
  return a.ns === b.ns && a.more === b.more && equalBytes(a.inf, b.inf);
}

export const other = (bit: SequenceBit): SequenceBit => (bit === 0 ? 1 : 0);

/**
 * Returns the length of the block that begins at `from`; undefined before LEN was received, 0 if
 * these bytes cannot begin a block.
 */
function blockLength(bytes: Uint8Array, from: number, to: number, edc: Edc): number | undefined {
  if (from < to && bytes[from] !== NAD) return 0;
  if (to - from < PROLOGUE_LENGTH) return undefined;
  const len = bytes[from + 2] ?? 0;
  return len > MAX_IFS ? 0 : PROLOGUE_LENGTH + len + EDC_LENGTH[edc];
}

/**
 * Extracts blocks from a stream whose chunks may split or join blocks. Copies each byte at most
 * once.
 */
export class T1BlockReader {
  readonly #edc: Edc;
  /** The beginning of an incomplete block. */
  readonly #pending: Bytes;
  #pendingLength = 0;
  #pushed: Uint8Array = NO_INF;
  #offset = 0;

  constructor(edc: Edc) {
    this.#edc = edc;
    this.#pending = new Uint8Array(PROLOGUE_LENGTH + MAX_IFS + EDC_LENGTH[edc]);
  }

  /** True while a block is incomplete. */
  get isPending(): boolean {
    return this.#pendingLength > 0;
  }

  /** Adds received bytes. Call next() until it returns undefined before the next push(). */
  push(bytes: Uint8Array): void {
    this.#pushed = bytes;
    this.#offset = 0;
  }

  /**
   * Returns the next block, or undefined while bytes are missing. At malformed input, discards all
   * input and returns 'damaged'.
   */
  next(): T1Block | 'damaged' | undefined {
    return this.#pendingLength === 0 ? this.#nextWhole() : this.#nextPending();
  }

  clear(): void {
    this.#pendingLength = 0;
    this.push(NO_INF);
  }

  /** Decodes a block in place if it arrived in one piece, which is the usual case. */
  #nextWhole(): T1Block | 'damaged' | undefined {
    const from = this.#offset;
    const length = blockLength(this.#pushed, from, this.#pushed.length, this.#edc);
    if (length === 0) return this.#damaged();
    if (length === undefined || from + length > this.#pushed.length) return this.#nextPending();
    this.#offset += length;
    return decodeAt(this.#pushed, from, this.#offset, this.#edc) ?? this.#damaged();
  }

  #nextPending(): T1Block | 'damaged' | undefined {
    this.#collect(PROLOGUE_LENGTH);
    const length = blockLength(this.#pending, 0, this.#pendingLength, this.#edc);
    if (length === 0) return this.#damaged();
    if (length === undefined || !this.#collect(length)) return undefined;
    this.#pendingLength = 0;
    return decodeAt(this.#pending, 0, length, this.#edc) ?? this.#damaged();
  }

  /**
   * Copies up to `length` bytes of the block into #pending. Returns true when #pending has all of
   * them.
   */
  #collect(length: number): boolean {
    const end = Math.min(this.#offset + Math.max(0, length - this.#pendingLength), this.#pushed.length);
    this.#pending.set(this.#pushed.subarray(this.#offset, end), this.#pendingLength);
    this.#pendingLength += end - this.#offset;
    this.#offset = end;
    return this.#pendingLength >= length;
  }

  #damaged(): 'damaged' {
    this.clear();
    return 'damaged';
  }
}
