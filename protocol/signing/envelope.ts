// DSSE envelopes (secure-systems-lab/dsse, protocol 1.0) around everything that the AS signs besides DATA: what is signed are raw
// octets and their type, so nothing is ever parsed before it is verified. One signature, Ed25519. How to sign and verify is handed
// in: the service has noble, the page WebCrypto, a card its own chip.
import { type Bytes, concat, requireLength } from '../bytes/bytes.ts';
import { toHex } from '../bytes/hex.ts';
import { ascii, fromBase64url, toBase64url } from '../bytes/text.ts';
import { sha256 } from '../crypto/prf.ts';
import { IntegrityError } from '../errors.ts';

/** The JSON form; octets are unpadded base64url. */
export interface Envelope {
  readonly payloadType: string;
  readonly payload: string;
  readonly signatures: readonly [{ readonly keyid: string; readonly sig: string }];
}

export interface Signer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Ed25519 over the message; 64 bytes. */
  sign(message: Uint8Array): Bytes | Promise<Bytes>;
}

/** True iff `signature` (64 bytes) is the owner's of `publicKey` (32 bytes) on `message`. */
export type Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean | Promise<boolean>;

/** Key id (clause 9): the first 8 bytes of SHA-256 of the public key, as 16 hex digits. */
export function keyId(publicKey: Uint8Array): string {
  requireLength('publicKey', publicKey, 32);
  return toHex(sha256(publicKey).subarray(0, 8));
}

/** PAE: "DSSEv1" SP length SP type SP length SP payload, lengths in ASCII decimal. */
function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Bytes {
  return concat(ascii(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `), payload);
}

export async function sealEnvelope(payloadType: string, payload: Uint8Array, signer: Signer): Promise<Envelope> {
  const signature = await signer.sign(preAuthenticationEncoding(payloadType, payload));
  return {
    payloadType,
    payload: toBase64url(payload),
    signatures: [{ keyid: keyId(signer.publicKey), sig: toBase64url(signature) }],
  };
}

/**
 * The payload, once its signature is verified.
 * @throws IntegrityError when type, key id, encoding or signature is not as expected
 */
export async function openEnvelope(
  envelope: Envelope,
  payloadType: string,
  publicKey: Uint8Array,
  verify: Verify,
): Promise<Bytes> {
  const [{ keyid, sig }] = envelope.signatures;
  if (envelope.payloadType !== payloadType || keyid !== keyId(publicKey)) throw new IntegrityError();
  const payload = decode(envelope.payload);
  const signature = decode(sig);
  if (signature.length !== 64) throw new IntegrityError();
  const message = preAuthenticationEncoding(payloadType, payload);
  if (!(await verify(publicKey, message, signature))) throw new IntegrityError();
  return payload;
}

function decode(text: string): Bytes {
  try {
    return fromBase64url(text);
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new IntegrityError();
    throw cause;
  }
}
