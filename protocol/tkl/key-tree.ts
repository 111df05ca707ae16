// ALGO1 (docs/protocol.md clause 3): the tree of keys below T. Every label is 7 ASCII bytes, every context a SHA-256 of 32 bytes, so
// that no party can choose a whole block of the KDF's input (SP 800-108r1, key control). Knows nothing of where the keys are kept.
import { type Bytes, concat, requireLength, wipe } from '../bytes/bytes.ts';
import { u32 } from '../bytes/integers.ts';
import { ascii } from '../bytes/text.ts';
import { hkdfSha256, kbkdfCmac } from '../crypto/kbkdf.ts';
import { cmac, hmacSha256, sha256 } from '../crypto/prf.ts';
import type { KdfFamily } from './suites.ts';

export type Label = 'TKL1DEV' | 'TKL1CHL' | 'TKL1OPK' | 'TKL1MAC' | 'TKL1KEK' | 'TKL1RCP';

const MAGIC = ascii('TKL1');
/** [L] of SP 800-108r1: the output has 256 bits. */
const OUTPUT_BITS = u32(0x100);

/** Who a unit is, as the unit itself knows it: never taken from HDR. */
export interface UnitId {
  readonly set: number;
  readonly tkv: number;
  /** 16 bytes. */
  readonly sn: Uint8Array;
}

/** D = SHA-256("TKL1" ‖ SET ‖ TKV ‖ SN), 32 bytes. */
export function deviceContext({ set, tkv, sn }: UnitId): Bytes {
  requireLength('sn', sn, 16);
  return sha256(concat(MAGIC, u32(set), tkv, sn));
}

/** C = SHA-256(HDR ‖ R), 32 bytes. */
export function operationContext(header: Uint8Array, random: Uint8Array): Bytes {
  requireLength('header', header, 48);
  requireLength('random', random, 16);
  return sha256(concat(header, random));
}

/** KDF(K, Label, Context) of the family; `key` and `context` have 32 bytes, so has the result, which the caller wipes. */
export function deriveKey(family: KdfFamily, key: Uint8Array, label: Label, context: Uint8Array): Bytes {
  requireLength('key', key, 32);
  requireLength('context', context, 32);
  const info = concat(ascii(label), 0x00, context);
  if (family === 'hmac') return hkdfSha256({ salt: MAGIC, key, info, length: 32 });
  return kbkdfCmac({ key, fixedInput: concat(info, OUTPUT_BITS), length: 32 });
}

/** K_D, the only secret that a diversified unit stores. */
export function deriveDeviceKey(family: KdfFamily, transportKey: Uint8Array, unit: UnitId): Bytes {
  return deriveKey(family, transportKey, 'TKL1DEV', deviceContext(unit));
}

/** The keys of one download; all of them die with it. */
export interface OperationKeys {
  readonly t1: Bytes;
  /** K_M, TAG over DATA. */
  readonly macKey: Bytes;
  /** K_E, suites 02 and 04. */
  readonly encryptionKey: Bytes;
  /** K_R, receipt. */
  readonly receiptKey: Bytes;
}

/** Everything below T1. `t1` becomes part of the result: wipeOperationKeys() wipes it too. */
export function deriveOperationKeys(family: KdfFamily, t1: Bytes, context: Uint8Array): OperationKeys {
  return {
    t1,
    macKey: deriveKey(family, t1, 'TKL1MAC', context),
    encryptionKey: deriveKey(family, t1, 'TKL1KEK', context),
    receiptKey: deriveKey(family, t1, 'TKL1RCP', context),
  };
}

/** Claims 16 and 17: T1 and all that came of it are erased, on both sides, whatever happened. */
export function wipeOperationKeys(keys: OperationKeys | undefined): void {
  wipe(keys?.t1, keys?.macKey, keys?.encryptionKey, keys?.receiptKey);
}

/** MAC16(K, m): AES-CMAC, or HMAC-SHA-256 cut to 16 bytes. `key` has 32 bytes. */
export function mac16(family: KdfFamily, key: Uint8Array, message: Uint8Array): Bytes {
  requireLength('key', key, 32);
  return family === 'cmac' ? cmac({ key, message }) : hmacSha256({ key, message }).slice(0, 16);
}
