// Codec of the response APDU: data field and SW1 SW2 (ISO/IEC 7816-4 clause 5.3).
import { type Bytes, concat } from '../bytes/bytes.ts';
import { readU16, u16 } from '../bytes/integers.ts';
import { ProtocolError } from '../errors.ts';

export interface ResponseApdu {
  readonly data: Bytes;
  /** SW1 SW2, 0000 to FFFF. */
  readonly sw: number;
}

export function encodeResponse(data: Uint8Array, sw: number): Bytes {
  return concat(data, u16(sw));
}

/** @throws ProtocolError unit-nonsense for fewer than 2 bytes */
export function decodeResponse(bytes: Uint8Array): ResponseApdu {
  const end = bytes.length - 2;
  if (end < 0) throw new ProtocolError('unit-nonsense', `a response APDU has at least 2 bytes, not ${bytes.length}`);
  return { data: new Uint8Array(bytes.subarray(0, end)), sw: readU16(bytes, end) };
}
