// ALGO2 (docs/protocol.md clauses 2 and 3.5): seals TA into BODY and opens it again, with one codec
// per suite. The AS seals, the unit opens.
import { type Bytes, equalBytes, requireLength, wipe } from '../bytes/bytes.ts';
import { toHex } from '../bytes/hex.ts';
import { openAead, sealAead } from '../crypto/aead.ts';
import { aesKcv, hashKcv, type KcvAlgorithm } from '../crypto/kcv.ts';
import { unwrapKeyBlock, wrapKeyBlock } from '../crypto/key-block.ts';
import { unwrapKey, wrapKey } from '../crypto/key-wrap.ts';
import { IntegrityError } from '../errors.ts';
import type { OperationKeys } from './key-tree.ts';
import type { SuiteId } from './suites.ts';

export interface Kcv {
  /** 5 bytes. */
  readonly value: Bytes;
  readonly algorithm: KcvAlgorithm;
}

/** KCV of an erased slot (clause 8). */
export const NO_KCV: Kcv = { value: new Uint8Array(5), algorithm: 0x00 };

/**
 * Returns the KCV of TA (16, 24 or 32 bytes). Uses CMAC if the algorithm in ATTR is 'A' (AES),
 * otherwise SHA-256.
 */
export function keyCheckValue(attributes: string, applicationKey: Uint8Array): Kcv {
  requireLength('applicationKey', applicationKey, 16, 24, 32);
  return isAes(attributes)
    ? { value: aesKcv(applicationKey), algorithm: 0x01 }
    : { value: hashKcv(applicationKey), algorithm: 0x02 };
}

/**
 * The values that BODY is bound to: `header` is HDR, 48 bytes, the AAD of suite 04. `attributes` is
 * ATTR of HDR.
 */
export interface BodyBinding {
  readonly header: Uint8Array;
  readonly attributes: string;
}

export type Random = (length: number) => Bytes;

interface BodyCodec {
  seal(keys: OperationKeys, binding: BodyBinding, applicationKey: Uint8Array, random: Random): Bytes;
  open(keys: OperationKeys, binding: BodyBinding, body: Uint8Array): Bytes;
}

/**
 * K_E is derived for one DATA and encrypts one message, so the nonce may be constant (RFC 8439
 * clause 2.8).
 */
const ZERO_NONCE = new Uint8Array(12);

const CODECS: Record<SuiteId, BodyCodec> = {
  0x01: {
    seal({ t1 }, { attributes }, key, random) {
      const pad = random(46 - key.length);
      try {
        return wrapKeyBlock(t1, { attributes, optionalBlocks: keyCheckBlocks(attributes, key), key }, pad);
      } finally {
        wipe(pad);
      }
    },
    open({ t1 }, { attributes }, body) {
      const block = unwrapKeyBlock(t1, body);
      const expected = keyCheckBlocks(attributes, block.key);
      const bound =
        block.attributes === attributes &&
        block.optionalBlocks.length === expected.length &&
        block.optionalBlocks.every((found, i) => found.id === expected[i]?.id && found.data === expected[i]?.data);
      if (bound) return block.key;
      wipe(block.key);
      throw new IntegrityError();
    },
  },
  0x02: {
    seal: ({ encryptionKey }, _binding, key) => wrapKey(encryptionKey, key),
    open: ({ encryptionKey }, _binding, body) => unwrapKey(encryptionKey, body),
  },
  0x04: {
    seal: ({ encryptionKey }, { header }, key) => sealAead({ key: encryptionKey, nonce: ZERO_NONCE, aad: header }, key),
    open: ({ encryptionKey }, { header }, body) =>
      openAead({ key: encryptionKey, nonce: ZERO_NONCE, aad: header }, body),
  },
};

/** Seals TA (16, 24 or 32 bytes) into BODY. Only suite 01 uses `random`, for its padding. */
export function sealBody(
  suite: SuiteId,
  keys: OperationKeys,
  binding: BodyBinding,
  applicationKey: Uint8Array,
  random: Random,
): Bytes {
  requireLength('applicationKey', applicationKey, 16, 24, 32);
  return CODECS[suite].seal(keys, binding, applicationKey, random);
}

/**
 * Returns TA, which the caller wipes. The caller must verify TAG first.
 * @throws IntegrityError when BODY does not decrypt, or contains another ATTR or KCV
 */
export function openBody(suite: SuiteId, keys: OperationKeys, binding: BodyBinding, body: Uint8Array): Bytes {
  return CODECS[suite].open(keys, binding, body);
}

/**
 * Returns the X9.143 optional block KC (CMAC, method 01) for an AES key, and no block for other
 * keys.
 */
function keyCheckBlocks(attributes: string, key: Uint8Array) {
  return isAes(attributes) ? [{ id: 'KC', data: `01${toHex(aesKcv(key))}` }] : [];
}

function isAes(attributes: string): boolean {
  return attributes.charAt(2) === 'A';
}

/** True iff value and algorithm are equal. */
export function equalKcv(a: Kcv, b: Kcv): boolean {
  return a.algorithm === b.algorithm && equalBytes(a.value, b.value);
}
