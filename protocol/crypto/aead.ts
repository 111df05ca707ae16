// ChaCha20-Poly1305 (RFC 8439 clause 2.8), the AEAD of suite 04.
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { type Bytes, requireLength } from '../bytes/bytes.ts';
import { IntegrityError } from '../errors.ts';

export interface AeadInput {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** 12 bytes. The caller never uses a nonce twice under one key. */
  readonly nonce: Uint8Array;
  readonly aad: Uint8Array;
}

/** Returns ciphertext ‖ tag(16). */
export function sealAead({ key, nonce, aad }: AeadInput, plaintext: Uint8Array): Bytes {
  requireLength('key', key, 32);
  requireLength('nonce', nonce, 12);
  return chacha20poly1305(key, nonce, aad).encrypt(plaintext);
}

/**
 * Returns the plaintext of ciphertext ‖ tag(16).
 * @throws IntegrityError when the tag does not verify
 */
export function openAead({ key, nonce, aad }: AeadInput, sealed: Uint8Array): Bytes {
  requireLength('key', key, 32);
  requireLength('nonce', nonce, 12);
  try {
    return chacha20poly1305(key, nonce, aad).decrypt(sealed);
  } catch {
    throw new IntegrityError();
  }
}
