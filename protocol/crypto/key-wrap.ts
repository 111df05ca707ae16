// AES Key Wrap (SP 800-38F clause 6.2, RFC 3394), the BODY of suite 02. Needs no nonce, and
// contains an integrity check value.
import { aeskw } from '@noble/ciphers/aes.js';
import { type Bytes, requireLength } from '../bytes/bytes.ts';
import { IntegrityError } from '../errors.ts';

/** Wraps `key` under `kek`, each 16, 24 or 32 bytes. The result is 8 bytes longer than the key. */
export function wrapKey(kek: Uint8Array, key: Uint8Array): Bytes {
  requireLength('kek', kek, 16, 24, 32);
  requireLength('key', key, 16, 24, 32);
  return aeskw(kek).encrypt(key);
}

/**
 * Returns the key, which the caller wipes.
 * @throws IntegrityError when the integrity check value is wrong
 */
export function unwrapKey(kek: Uint8Array, wrapped: Uint8Array): Bytes {
  requireLength('kek', kek, 16, 24, 32);
  requireLength('wrapped', wrapped, 24, 32, 40);
  try {
    return aeskw(kek).decrypt(wrapped);
  } catch {
    throw new IntegrityError();
  }
}
