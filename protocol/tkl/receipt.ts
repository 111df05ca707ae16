// The receipt (docs/protocol.md clause 3.8): 64 bytes in which a unit proves to the AS which key it
// stored, and where. Any holder of T can forge its MAC, so an auditor checks the signed verdict of
// the AS instead (clause 9).
import { type Bytes, concat, copy, equalBytes, requireLength, wipe } from '../bytes/bytes.ts';
import { readU8, readU16, readU32, u16, u32 } from '../bytes/integers.ts';
import { ascii } from '../bytes/text.ts';
import type { KcvAlgorithm } from '../crypto/kcv.ts';
import { IntegrityError, ProtocolError } from '../errors.ts';
import { equalKcv, type Kcv } from './body.ts';
import { type Header, isSlotPermitted } from './header.ts';
import { mac16, type OperationKeys } from './key-tree.ts';
import { isSuiteId, SUITES, type SuiteId } from './suites.ts';

export const RECEIPT_LENGTH = 64;
const MAC_OFFSET = 48;
const MAGIC = ascii('TKR1');

export interface Receipt {
  readonly suite: SuiteId;
  readonly ref2: number;
  readonly ref1: number;
  readonly tkv: number;
  readonly akv: number;
  readonly xc: number;
  /** 16 bytes. */
  readonly sn: Bytes;
  /** KCV of the record that the unit read back from memory; zero for an erased slot. */
  readonly kcv: Kcv;
  readonly asNumber: number;
  /** Number of committed imports of the unit. */
  readonly importCounter: number;
}

/** Returns the first 48 bytes of the receipt, which the MAC covers. */
function encodeFields(receipt: Receipt): Bytes {
  requireLength('sn', receipt.sn, 16);
  requireLength('kcv', receipt.kcv.value, 5);
  return concat(
    MAGIC,
    receipt.suite,
    0x00,
    u16(receipt.ref2),
    u16(receipt.ref1),
    receipt.tkv,
    0x00,
    u32(receipt.akv),
    u32(receipt.xc),
    receipt.sn,
    receipt.kcv.value,
    receipt.kcv.algorithm,
    u16(receipt.asNumber),
    u32(receipt.importCounter),
  );
}

/**
 * Returns fields ‖ MAC16(K_R, fields ‖ SHA-256(DATA)). `dataHash` also covers SIG, if DATA has one.
 */
export function sealReceipt(receipt: Receipt, keys: Pick<OperationKeys, 'receiptKey'>, dataHash: Uint8Array): Bytes {
  const fields = encodeFields(receipt);
  return concat(fields, receiptMac(receipt.suite, keys, fields, dataHash));
}

/** Parses a receipt. Needs no key. @throws ProtocolError unit-nonsense naming the fault */
export function decodeReceipt(bytes: Uint8Array): Receipt {
  if (bytes.length !== RECEIPT_LENGTH) throw nonsense(`${bytes.length} bytes, not ${RECEIPT_LENGTH}`);
  if (!equalBytes(bytes.subarray(0, 4), MAGIC)) throw nonsense('it does not begin with "TKR1"');
  const suite = readU8(bytes, 4);
  if (!isSuiteId(suite)) throw nonsense(`suite ${suite} is unknown or reserved`);
  if (readU8(bytes, 5) !== 0 || readU8(bytes, 11) !== 0) throw nonsense('bytes 5 and 11 must be 00');
  return {
    suite,
    ref2: readU16(bytes, 6),
    ref1: readU16(bytes, 8),
    tkv: readU8(bytes, 10),
    akv: readU32(bytes, 12),
    xc: readU32(bytes, 16),
    sn: copy(bytes.subarray(20, 36)),
    kcv: { value: copy(bytes.subarray(36, 41)), algorithm: decodeKcvAlgorithm(readU8(bytes, 41)) },
    asNumber: readU16(bytes, 42),
    importCounter: readU32(bytes, 44),
  };
}

/**
 * True iff the fields that receipt and HDR share are equal, and HDR permits the slot of the
 * receipt.
 */
export function isReceiptFor(receipt: Receipt, header: Header): boolean {
  return (
    receipt.suite === header.suite &&
    receipt.tkv === header.tkv &&
    receipt.ref1 === header.ref1 &&
    receipt.akv === header.akv &&
    receipt.xc === header.xc &&
    receipt.asNumber === header.asNumber &&
    equalBytes(receipt.sn, header.sn) &&
    isSlotPermitted(header, receipt.ref2)
  );
}

/** The export that a receipt must match. */
export interface ExpectedReceipt {
  readonly header: Header;
  /** SHA-256(DATA), 32 bytes. */
  readonly dataHash: Uint8Array;
  /** KCV of TA; NO_KCV for an erasure. */
  readonly kcv: Kcv;
}

/**
 * @throws IntegrityError when the MAC or a field does not match the export; ProtocolError
 *   unit-nonsense when the receipt is malformed
 */
export function verifyReceipt(
  receiptBytes: Uint8Array,
  expected: ExpectedReceipt,
  keys: Pick<OperationKeys, 'receiptKey'>,
): Receipt {
  const receipt = decodeReceipt(receiptBytes);
  const mac = receiptMac(expected.header.suite, keys, receiptBytes.subarray(0, MAC_OFFSET), expected.dataHash);
  const authentic = equalBytes(mac, receiptBytes.subarray(MAC_OFFSET));
  wipe(mac);
  if (!authentic || !isReceiptFor(receipt, expected.header) || !equalKcv(receipt.kcv, expected.kcv)) {
    throw new IntegrityError();
  }
  return receipt;
}

function receiptMac(
  suite: SuiteId,
  { receiptKey }: Pick<OperationKeys, 'receiptKey'>,
  fields: Uint8Array,
  dataHash: Uint8Array,
): Bytes {
  requireLength('dataHash', dataHash, 32);
  return mac16(SUITES[suite].family, receiptKey, concat(fields, dataHash));
}

function decodeKcvAlgorithm(byte: number): KcvAlgorithm {
  if (byte === 0x00 || byte === 0x01 || byte === 0x02) return byte;
  throw nonsense(`KCVALG ${byte} is not defined`);
}

function nonsense(fault: string): ProtocolError {
  return new ProtocolError('unit-nonsense', `not a receipt: ${fault}`);
}
