// The two PRFs of TKL/1, AES-CMAC (SP 800-38B, RFC 4493) and HMAC-SHA-256 (RFC 2104), with named arguments: noble takes the message
// first in one and the key first in the other, and a swap of two 16-byte arrays would go unseen. The only caller of either.
import { cmac as nobleCmac } from '@noble/ciphers/aes.js';
import { hmac as nobleHmac } from '@noble/hashes/hmac.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { type Bytes, requireLength } from '../bytes/bytes.ts';

export interface PrfInput {
  readonly key: Uint8Array;
  readonly message: Uint8Array;
}

/** AES-CMAC under a key of 16, 24 or 32 bytes; 16 bytes. */
export function cmac({ key, message }: PrfInput): Bytes {
  requireLength('key', key, 16, 24, 32);
  return nobleCmac(message, key);
}

/** HMAC-SHA-256; 32 bytes. */
export function hmacSha256({ key, message }: PrfInput): Bytes {
  return nobleHmac(nobleSha256, key, message);
}

/** SHA-256 (FIPS 180-4); 32 bytes. */
export function sha256(message: Uint8Array): Bytes {
  return nobleSha256(message);
}
