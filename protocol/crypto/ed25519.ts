// Ed25519 (RFC 8032 clause 5.1) for SIG, certificates and verdicts. Verification is strict: S < L,
// canonical R, no public key of small order.
import { ed25519 } from '@noble/curves/ed25519.js';
import { type Bytes, requireLength } from '../bytes/bytes.ts';

/** Returns the public key (32 bytes) of a secret key (32 bytes). */
export function ed25519PublicKey(secretKey: Uint8Array): Bytes {
  requireLength('secretKey', secretKey, 32);
  return ed25519.getPublicKey(secretKey);
}

/** Returns a signature (64 bytes) under a secret key (32 bytes). */
export function signEd25519(secretKey: Uint8Array, message: Uint8Array): Bytes {
  requireLength('secretKey', secretKey, 32);
  return ed25519.sign(message, secretKey);
}

/** True iff `signature` (64 bytes) on `message` verifies under `publicKey` (32 bytes). */
export function isSignedBy(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  requireLength('publicKey', publicKey, 32);
  requireLength('signature', signature, 64);
  return ed25519.verify(signature, message, publicKey, { zip215: false });
}
