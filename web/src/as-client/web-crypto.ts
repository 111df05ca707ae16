// Verifies Ed25519 signatures (RFC 8032) with the browser's WebCrypto.
import { copy } from '#protocol/bytes/bytes.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { Verify } from '#protocol/signing/envelope.ts';

/** The returned function throws ProtocolError browser-unsupported if the browser has no Ed25519. */
export function verifyWith(subtle: SubtleCrypto): Verify {
  return async (publicKey, message, signature) => {
    try {
      const key = await subtle.importKey('raw', copy(publicKey), 'Ed25519', false, ['verify']);
      return await subtle.verify('Ed25519', key, copy(signature), copy(message));
    } catch (cause) {
      if (!(cause instanceof DOMException)) throw cause;
      if (cause.name !== 'NotSupportedError') return false; // The public key is not a point of the curve.
      throw new ProtocolError('browser-unsupported', 'this browser has no Ed25519 in WebCrypto', { cause });
    }
  };
}
