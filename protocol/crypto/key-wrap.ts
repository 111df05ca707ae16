// AES Key Wrap (SP 800-38F clause 6.2, RFC 3394): a key under a key, with no nonce and its own check value.
import { aeskw } from '@noble/ciphers/aes.js';
import { type Bytes, requireLength } from '../bytes/bytes.ts';
import { IntegrityError } from '../errors.ts';

/** Wraps `key` (16, 24 or 32 bytes) under `kek` (16, 24 or 32 bytes); 8 bytes longer than the key. */
export function wrapKey(kek: Uint8Array, key: Uint8Array): Bytes {
  requireLength('kek', kek, 16, 24, 32);
  requireLength('key', key, 16, 24, 32);
  return aeskw(kek).encrypt(key);
}

/** @throws IntegrityError when the check value does not come out, which is all that can be said of a wrong or changed block. */
export function unwrapKey(kek: Uint8Array, wrapped: Uint8Array): Bytes {
  requireLength('kek', kek, 16, 24, 32);
  requireLength('wrapped', wrapped, 24, 32, 40);
  try {
    return aeskw(kek).decrypt(wrapped);
  } catch {
    throw new IntegrityError();
  }
}
