// The byte format of an EI's records in M. A record is the transport key or a slot, with the import
// that wrote it.
import { type Bytes, concat, copy } from '#protocol/bytes/bytes.ts';
import { readU8, readU16, readU32, u16, u32 } from '#protocol/bytes/integers.ts';
import { ascii, fromAscii } from '#protocol/bytes/text.ts';
import type { Kcv } from '#protocol/tkl/body.ts';
import { NO_ATTRIBUTES } from '#protocol/tkl/header.ts';
import { RECEIPT_LENGTH } from '#protocol/tkl/receipt.ts';

/** T (shared) or K_D (diversified), with its set and version. */
export interface TransportKey {
  readonly set: number;
  readonly tkv: number;
  /** 32 bytes. The caller that reads the key wipes it. */
  readonly key: Bytes;
}

/** The key of a slot. `key` is empty if the slot has no key. */
export interface StoredKey {
  readonly key: Bytes;
  readonly akv: number;
  readonly attributes: string;
  readonly ref1: number;
}

export interface StoredImport {
  /** Number of committed imports of the unit, including this one. */
  readonly importCounter: number;
  readonly kcv: Kcv;
  /** 64 bytes. */
  readonly receipt: Bytes;
}

export interface SlotContent extends StoredKey, StoredImport {}

/** Placeholder for the import of a key that the maker stored, or that is not committed yet. */
export const NO_IMPORT: StoredImport = {
  importCounter: 0,
  kcv: { value: new Uint8Array(5), algorithm: 0x00 },
  receipt: new Uint8Array(RECEIPT_LENGTH),
};
const MAX_KEY_LENGTH = 32;

/** Length of an encoded import: import counter(4) ‖ KCV(5) ‖ KCVALG(1) ‖ receipt(64). */
const IMPORT_LENGTH = 4 + 5 + 1 + RECEIPT_LENGTH;

function encodeImport({ importCounter, kcv, receipt }: StoredImport): Bytes {
  return concat(u32(importCounter), kcv.value, kcv.algorithm, receipt);
}

function decodeImport(bytes: Uint8Array): StoredImport {
  const algorithm = readU8(bytes, 9);
  return {
    importCounter: readU32(bytes, 0),
    kcv: { value: copy(bytes.subarray(4, 9)), algorithm: algorithm === 0x01 || algorithm === 0x02 ? algorithm : 0x00 },
    receipt: copy(bytes.subarray(10, IMPORT_LENGTH)),
  };
}

export function encodeTransport({ set, tkv, key }: TransportKey, from: StoredImport): Bytes {
  return concat(encodeImport(from), u32(set), tkv, key);
}

export function decodeTransport(bytes: Uint8Array): TransportKey & StoredImport {
  const rest = bytes.subarray(IMPORT_LENGTH);
  return { ...decodeImport(bytes), set: readU32(rest, 0), tkv: readU8(rest, 4), key: copy(rest.subarray(5)) };
}

export function encodeSlot({ key, akv, attributes, ref1 }: StoredKey, from: StoredImport): Bytes {
  const padding = new Uint8Array(MAX_KEY_LENGTH - key.length);
  return concat(encodeImport(from), u32(akv), ascii(attributes), u16(ref1), key.length, key, padding);
}

export function decodeSlot(bytes: Uint8Array): SlotContent {
  const rest = bytes.subarray(IMPORT_LENGTH);
  const length = readU8(rest, 13);
  return {
    ...decodeImport(bytes),
    akv: readU32(rest, 0),
    attributes: length === 0 ? NO_ATTRIBUTES : fromAscii(rest.subarray(4, 11)),
    ref1: readU16(rest, 11),
    key: copy(rest.subarray(14, 14 + length)),
  };
}
