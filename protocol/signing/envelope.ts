// DSSE envelopes (secure-systems-lab/dsse, protocol 1.0) with one Ed25519 signature, around
// everything that the AS signs except DATA (docs/protocol.md clause 9). The signature covers the
// type and the raw payload, so the payload is parsed only after it is verified. The caller supplies
// the signature functions, because service and page use different libraries.
import { type Bytes, concat, requireLength } from '../bytes/bytes.ts';
import { toHex } from '../bytes/hex.ts';
import { ascii, fromBase64url, toBase64url } from '../bytes/text.ts';
import { sha256 } from '../crypto/prf.ts';
import { IntegrityError } from '../errors.ts';

/** JSON form of an envelope; payload and sig are unpadded base64url. */
export interface Envelope {
  readonly payloadType: string;
  readonly payload: string;
  readonly signatures: readonly [{ readonly keyid: string; readonly sig: string }];
}

export interface Signer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Returns an Ed25519 signature, 64 bytes. */
  sign(message: Uint8Array): Bytes | Promise<Bytes>;
}

/** True iff `signature` (64 bytes) on `message` verifies under `publicKey` (32 bytes). */
export type Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean | Promise<boolean>;

/** Returns the key id (clause 9): the first 8 bytes of SHA-256(public key), as 16 hex digits. */
export function keyId(publicKey: Uint8Array): string {
  requireLength('publicKey', publicKey, 32);
  return toHex(sha256(publicKey).subarray(0, 8));
}

/**
 * Returns the fingerprint of a root key (clause 9), which people compare: the first 16 bytes of
 * SHA-256(public key), as 32 hex digits. A key id is too short for that.
 */
export function rootFingerprint(publicKey: Uint8Array): string {
  requireLength('publicKey', publicKey, 32);
  return toHex(sha256(publicKey).subarray(0, 16));
}

/** Returns PAE: "DSSEv1" SP length SP type SP length SP payload, lengths in ASCII decimal. */
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
 * Verifies the signature and returns the payload.
 * @throws IntegrityError for a wrong type, key id, encoding or signature
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
