// Key derivation: SP 800-108r1 clause 4.1 (counter mode) with AES-CMAC, and HKDF-SHA-256 (RFC
// 5869). The caller supplies labels and contexts: tkl/key-tree.ts defines those of TKL/1.
import { hkdf as nobleHkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { type Bytes, concat, wipe } from '../bytes/bytes.ts';
import { u32 } from '../bytes/integers.ts';
import { cmac } from './prf.ts';

export interface KbkdfInput {
  /** K_IN, 16, 24 or 32 bytes. */
  readonly key: Uint8Array;
  /**
   * The input after the 32-bit counter: Label ‖ 00 ‖ Context ‖ [L], in the layout of the caller.
   */
  readonly fixedInput: Uint8Array;
  /** Length of K_OUT in bytes, at least 1. */
  readonly length: number;
}

/**
 * Returns K_OUT = CMAC(K_IN, [i] ‖ fixed input) for i = 1, 2, …, truncated to `length`. The counter
 * [i] has 32 bits and precedes the fixed input.
 */
export function kbkdfCmac({ key, fixedInput, length }: KbkdfInput): Bytes {
  if (!Number.isInteger(length) || length < 1)
    throw new RangeError('length must be a whole number of bytes, at least 1');
  const output = new Uint8Array(length);
  for (let i = 1, offset = 0; offset < length; i++, offset += 16) {
    const block = cmac({ key, message: concat(u32(i), fixedInput) });
    output.set(block.subarray(0, length - offset), offset);
    wipe(block);
  }
  return output;
}

export interface HkdfInput {
  readonly salt: Uint8Array;
  /** Input keying material IKM. */
  readonly key: Uint8Array;
  readonly info: Uint8Array;
  /** Length of the output in bytes. */
  readonly length: number;
}

/** Runs HKDF-Extract, then HKDF-Expand. */
export function hkdfSha256({ salt, key, info, length }: HkdfInput): Bytes {
  return nobleHkdf(sha256, key, salt, info, length);
}
