// DATA = HDR ‖ BLEN ‖ BODY ‖ TAG [‖ SIG] (docs/protocol.md clause 3.4), which the AS seals for one
// unit. The AS encodes it; page and unit decode it.
import { type Bytes, concat, copy, equalBytes, requireLength, wipe } from '../bytes/bytes.ts';
import { readU16, u16 } from '../bytes/integers.ts';
import { ascii, toBase64url } from '../bytes/text.ts';
import { isSignedBy } from '../crypto/ed25519.ts';
import { IntegrityError, ProtocolError } from '../errors.ts';
import { type BodyBinding, type Random, sealBody } from './body.ts';
import { decodeHeader, encodeHeader, HEADER_LENGTH, type Header, isErasing } from './header.ts';
import { mac16, type OperationKeys } from './key-tree.ts';
import { SUITES, type SuiteId } from './suites.ts';

export const TAG_LENGTH = 16;
const SIGNATURE_LENGTH = 64;
const BODY_OFFSET = HEADER_LENGTH + 2;
const SIGNATURE_DOMAIN = concat(ascii('TKL1SIG'), 0x00);

export interface Data {
  readonly header: Header;
  /** HDR, 48 bytes. */
  readonly headerBytes: Bytes;
  /** Empty in DATA that erases a slot. */
  readonly body: Bytes;
  /** HDR ‖ BLEN ‖ BODY, the input of TAG. */
  readonly authenticated: Bytes;
  /** 16 bytes. */
  readonly tag: Bytes;
  /** SIG, 64 bytes; present iff header.signed. */
  readonly signature: Bytes | undefined;
}

/** True iff `length` is a BODY length of the suite, or 0 (DATA that erases a slot). */
export function isBodyLength(suite: SuiteId, length: number): boolean {
  return length === 0 || SUITES[suite].bodyLengths.includes(length);
}

/** Returns the length of DATA in bytes for this HDR and BLEN. */
export function dataLength(header: Header, bodyLength: number): number {
  return BODY_OFFSET + bodyLength + TAG_LENGTH + (header.signed ? SIGNATURE_LENGTH : 0);
}

/** Returns the export id: the first 16 bytes of SHA-256(DATA) in base64url. */
export function exportIdOf(dataHash: Uint8Array): string {
  requireLength('dataHash', dataHash, 32);
  return toBase64url(dataHash.subarray(0, 16));
}

/** Parses DATA. Needs no key. @throws ProtocolError data-malformed naming the fault */
export function decodeData(data: Uint8Array): Data {
  if (data.length < BODY_OFFSET + TAG_LENGTH) throw malformed(`${data.length} bytes are too few`);
  const header = decodeHeader(data);
  const bodyLength = readU16(data, HEADER_LENGTH);
  if (!isBodyLength(header.suite, bodyLength))
    throw malformed(`suite ${header.suite} has no BODY of ${bodyLength} bytes`);
  const length = dataLength(header, bodyLength);
  if (data.length !== length) throw malformed(`${data.length} bytes, not ${length}`);
  const bodyEnd = BODY_OFFSET + bodyLength;
  return {
    header,
    headerBytes: copy(data.subarray(0, HEADER_LENGTH)),
    body: copy(data.subarray(BODY_OFFSET, bodyEnd)),
    authenticated: copy(data.subarray(0, bodyEnd)),
    tag: copy(data.subarray(bodyEnd, bodyEnd + TAG_LENGTH)),
    signature: header.signed ? copy(data.subarray(bodyEnd + TAG_LENGTH)) : undefined,
  };
}

/**
 * Returns HDR ‖ BLEN ‖ BODY ‖ TAG. TA has 16, 24 or 32 bytes. For DATA that erases a slot, TA is
 * undefined and ATTR is zero. If header.signed, the caller appends SIG over signatureInput().
 */
export function sealData(
  header: Header,
  keys: OperationKeys,
  applicationKey: Uint8Array | undefined,
  random: Random,
): Bytes {
  if (isErasing(header) !== (applicationKey === undefined)) {
    throw new RangeError('applicationKey must be present exactly when ATTR is not zero');
  }
  const headerBytes = encodeHeader(header);
  const binding: BodyBinding = { header: headerBytes, attributes: header.attributes };
  const body =
    applicationKey === undefined ? new Uint8Array(0) : sealBody(header.suite, keys, binding, applicationKey, random);
  const authenticated = concat(headerBytes, u16(body.length), body);
  return concat(authenticated, dataTag(header.suite, keys, authenticated));
}

/** Must be called before BODY is opened (claim 7). @throws IntegrityError when TAG is wrong */
export function verifyTag({ header, authenticated, tag }: Data, keys: OperationKeys): void {
  const expected = dataTag(header.suite, keys, authenticated);
  const equal = equalBytes(expected, tag);
  wipe(expected);
  if (!equal) throw new IntegrityError();
}

/**
 * Returns the input of SIG: "TKL1SIG" ‖ 00 ‖ C ‖ HDR ‖ BLEN ‖ BODY ‖ TAG.
 * @param context C, 32 bytes
 * @param sealed DATA without SIG
 */
export function signatureInput(context: Uint8Array, sealed: Uint8Array): Bytes {
  requireLength('context', context, 32);
  return concat(SIGNATURE_DOMAIN, context, sealed);
}

/** @throws IntegrityError when SIG is missing or does not verify under `publicKey` (32 bytes) */
export function verifySignature(data: Data, context: Uint8Array, publicKey: Uint8Array): void {
  const input = signatureInput(context, concat(data.authenticated, data.tag));
  if (data.signature === undefined || !isSignedBy(publicKey, input, data.signature)) throw new IntegrityError();
}

function dataTag(suite: SuiteId, { macKey }: OperationKeys, authenticated: Uint8Array): Bytes {
  return mac16(SUITES[suite].family, macKey, authenticated);
}

function malformed(fault: string): ProtocolError {
  return new ProtocolError('data-malformed', `DATA is not TKL/1: ${fault}`);
}
