// ALGO1 (docs/protocol.md clauses 3.1 and 3.2): derives the tree of keys below T, for the AS and
// for the unit. Every label has 7 ASCII bytes and every context is a SHA-256 value. No party can
// therefore choose a whole block of the KDF input (SP 800-108r1, key control security).
import { type Bytes, concat, requireLength, wipe } from '../bytes/bytes.ts';
import { u32 } from '../bytes/integers.ts';
import { ascii } from '../bytes/text.ts';
import { hkdfSha256, kbkdfCmac } from '../crypto/kbkdf.ts';
import { cmac, hmacSha256, sha256 } from '../crypto/prf.ts';
import type { KdfFamily } from './suites.ts';

export type Label = 'TKL1DEV' | 'TKL1CHL' | 'TKL1OPK' | 'TKL1MAC' | 'TKL1KEK' | 'TKL1RCP';

const MAGIC = ascii('TKL1');
/** [L] of SP 800-108r1: 256 bits of output. */
const OUTPUT_BITS = u32(0x100);

/** The identity of a unit. A unit takes these values from its own memory, never from HDR. */
export interface UnitId {
  readonly set: number;
  readonly tkv: number;
  /** 16 bytes. */
  readonly sn: Uint8Array;
}

/** Returns D = SHA-256("TKL1" ‖ SET ‖ TKV ‖ SN), 32 bytes. */
export function deviceContext({ set, tkv, sn }: UnitId): Bytes {
  requireLength('sn', sn, 16);
  return sha256(concat(MAGIC, u32(set), tkv, sn));
}

/** Returns C = SHA-256(HDR ‖ R), 32 bytes. */
export function operationContext(header: Uint8Array, random: Uint8Array): Bytes {
  requireLength('header', header, 48);
  requireLength('random', random, 16);
  return sha256(concat(header, random));
}

/**
 * Returns KDF(K, Label, Context) of a family. Key, context and result have 32 bytes. The caller
 * wipes the result.
 */
export function deriveKey(family: KdfFamily, key: Uint8Array, label: Label, context: Uint8Array): Bytes {
  requireLength('key', key, 32);
  requireLength('context', context, 32);
  const info = concat(ascii(label), 0x00, context);
  if (family === 'hmac') return hkdfSha256({ salt: MAGIC, key, info, length: 32 });
  return kbkdfCmac({ key, fixedInput: concat(info, OUTPUT_BITS), length: 32 });
}

/** Derives K_D, 32 bytes, which the caller wipes. A diversified unit stores K_D instead of T. */
export function deriveDeviceKey(family: KdfFamily, transportKey: Uint8Array, unit: UnitId): Bytes {
  return deriveKey(family, transportKey, 'TKL1DEV', deviceContext(unit));
}

/** The keys of one download, 32 bytes each. AS and unit wipe them when the download ends. */
export interface OperationKeys {
  readonly t1: Bytes;
  /** K_M, for TAG. */
  readonly macKey: Bytes;
  /** K_E, for BODY in suites 02 and 04. */
  readonly encryptionKey: Bytes;
  /** K_R, for the receipt. */
  readonly receiptKey: Bytes;
}

/**
 * Derives K_M, K_E and K_R from T1. The result contains `t1` itself and not a copy, so
 * wipeOperationKeys() also wipes T1.
 */
export function deriveOperationKeys(family: KdfFamily, t1: Bytes, context: Uint8Array): OperationKeys {
  return {
    t1,
    macKey: deriveKey(family, t1, 'TKL1MAC', context),
    encryptionKey: deriveKey(family, t1, 'TKL1KEK', context),
    receiptKey: deriveKey(family, t1, 'TKL1RCP', context),
  };
}

/**
 * Wipes T1 and the keys derived from it. AS and unit call this after success and after failure
 * (claims 16 and 17).
 */
export function wipeOperationKeys(keys: OperationKeys | undefined): void {
  wipe(keys?.t1, keys?.macKey, keys?.encryptionKey, keys?.receiptKey);
}

/**
 * Returns MAC16(K, m): AES-CMAC, or HMAC-SHA-256 truncated to 16 bytes, under a key of 32 bytes.
 */
export function mac16(family: KdfFamily, key: Uint8Array, message: Uint8Array): Bytes {
  requireLength('key', key, 32);
  return family === 'cmac' ? cmac({ key, message }) : hmacSha256({ key, message }).slice(0, 16);
}
