// HDR, the first 48 bytes of DATA (docs/protocol.md clause 3.3). HDR is not encrypted. Every key
// and MAC of the download depends on HDR through C (key-tree.ts).
import { type Bytes, concat, equalBytes, isZero, requireLength } from '../bytes/bytes.ts';
import { readU8, readU16, readU32, u16, u32 } from '../bytes/integers.ts';
import { ascii, fromAscii } from '../bytes/text.ts';
import { ProtocolError } from '../errors.ts';
import { isSuiteId, type SuiteId } from './suites.ts';

export const HEADER_LENGTH = 48;
/** SLOT that permits any slot except the transport-key slot. */
export const ANY_SLOT = 0xffff;
/** REF2 of the transport-key slot (clause 8). */
export const TRANSPORT_KEY_SLOT = 0xfffe;
/** ATTR of DATA that erases a slot (clause 8): seven bytes 00, not ASCII. */
export const NO_ATTRIBUTES = '\0'.repeat(7);
/** ATTR of DATA that replaces T (clause 8). */
export const TRANSPORT_KEY_ATTRIBUTES = 'K0AX00N';

const MAGIC = ascii('TKL1');
const FLAG_RANDOM = 0x01;
const FLAG_SIGNED = 0x02;

export interface Header {
  readonly suite: SuiteId;
  /** Flag b1: SIG follows TAG. */
  readonly signed: boolean;
  /** Version of T, 1 to 255. */
  readonly tkv: number;
  /** 0 for the service; each vault and card has its own, 1 to 65,535. */
  readonly asNumber: number;
  readonly set: number;
  readonly ref1: number;
  /** The permitted REF2, or ANY_SLOT. */
  readonly slot: number;
  readonly akv: number;
  readonly xc: number;
  /** 16 bytes, left-padded with 00. */
  readonly sn: Uint8Array;
  /** ATTR: 7 ASCII characters, or NO_ATTRIBUTES. */
  readonly attributes: string;
}

/** Returns HDR, 48 bytes. */
export function encodeHeader(header: Header): Bytes {
  requireLength('sn', header.sn, 16);
  const attributes = ascii(header.attributes);
  requireLength('attributes', attributes, 7);
  return concat(
    MAGIC,
    header.suite,
    FLAG_RANDOM | (header.signed ? FLAG_SIGNED : 0),
    header.tkv,
    header.asNumber >> 8,
    u32(header.set),
    u16(header.ref1),
    u16(header.slot),
    u32(header.akv),
    u32(header.xc),
    header.sn,
    attributes,
    header.asNumber & 0xff,
  );
}

/**
 * Reads HDR from the first 48 bytes of DATA. Checks magic, suite and flags, the only fields with a
 * restricted format; the caller checks the other fields after authentication.
 * @throws ProtocolError data-malformed naming the field
 */
export function decodeHeader(bytes: Uint8Array): Header {
  if (bytes.length < HEADER_LENGTH) throw malformed(`HDR has ${bytes.length} bytes, not ${HEADER_LENGTH}`);
  if (!equalBytes(bytes.subarray(0, 4), MAGIC)) throw malformed('HDR does not begin with "TKL1"');
  const suite = readU8(bytes, 4);
  if (!isSuiteId(suite)) throw malformed(`suite ${suite} is unknown or reserved`);
  const flags = readU8(bytes, 5);
  if ((flags & ~FLAG_SIGNED) !== FLAG_RANDOM) throw malformed(`flags ${flags} are not defined`);
  return {
    suite,
    signed: (flags & FLAG_SIGNED) !== 0,
    tkv: readU8(bytes, 6),
    asNumber: readU8(bytes, 7) * 0x100 + readU8(bytes, 47),
    set: readU32(bytes, 8),
    ref1: readU16(bytes, 12),
    slot: readU16(bytes, 14),
    akv: readU32(bytes, 16),
    xc: readU32(bytes, 20),
    sn: bytes.slice(24, 40),
    attributes: fromAscii(bytes.subarray(40, 47)),
  };
}

/** True iff this is the HDR of DATA that erases a slot. */
export function isErasing(header: Header): boolean {
  return header.attributes === NO_ATTRIBUTES;
}

/** True iff SN, SET and TKV of HDR are those of `unit`. */
export function isAddressedTo(
  header: Header,
  unit: { readonly set: number; readonly tkv: number; readonly sn: Uint8Array },
): boolean {
  return header.set === unit.set && header.tkv === unit.tkv && equalBytes(header.sn, unit.sn);
}

/**
 * True iff SLOT permits `ref2`. ANY_SLOT permits neither the transport-key slot nor an erasure
 * (clause 8).
 */
export function isSlotPermitted(header: Header, ref2: number): boolean {
  if (header.slot === ref2) return ref2 !== ANY_SLOT;
  return header.slot === ANY_SLOT && ref2 !== TRANSPORT_KEY_SLOT && !isErasing(header);
}

/**
 * Pads SN on the left with 00 to 16 bytes.
 * @throws RangeError for more than 16 bytes and for zero
 */
export function padSerialNumber(sn: Uint8Array): Bytes {
  if (sn.length > 16) throw new RangeError(`sn has ${sn.length} bytes, more than 16`);
  if (isZero(sn)) throw new RangeError('sn must not be zero');
  return concat(new Uint8Array(16 - sn.length), sn);
}

function malformed(fault: string): ProtocolError {
  return new ProtocolError('data-malformed', `DATA is not TKL/1: ${fault}`);
}
