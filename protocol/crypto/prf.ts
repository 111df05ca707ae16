// AES-CMAC (SP 800-38B, RFC 4493), HMAC-SHA-256 (RFC 2104) and SHA-256, the primitives of TKL/1.
// Arguments are named because the order of key and message differs between noble's cmac and hmac,
// and two swapped 16-byte arrays would raise no error.
import { cmac as nobleCmac } from '@noble/ciphers/aes.js';
import { hmac as nobleHmac } from '@noble/hashes/hmac.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { type Bytes, requireLength } from '../bytes/bytes.ts';

export interface PrfInput {
  readonly key: Uint8Array;
  readonly message: Uint8Array;
}

/** Computes AES-CMAC (16 bytes) under a key of 16, 24 or 32 bytes. */
export function cmac({ key, message }: PrfInput): Bytes {
  requireLength('key', key, 16, 24, 32);
  return nobleCmac(message, key);
}

/** Computes HMAC-SHA-256 (32 bytes) under a key of any length. */
export function hmacSha256({ key, message }: PrfInput): Bytes {
  return nobleHmac(nobleSha256, key, message);
}

/** Computes SHA-256 (FIPS 180-4), 32 bytes. */
export function sha256(message: Uint8Array): Bytes {
  return nobleSha256(message);
}
