// Stores the envelopes of the AS as bytes instead of base64url, which is a third longer. unpack()
// restores the exact text. pack() leaves a text unchanged if unpack() could not restore it.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { fromBase64url, fromUtf8, toBase64url, utf8 } from '#protocol/bytes/text.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';

export interface PackedEnvelope {
  readonly type: string;
  /** Text of the payload. */
  readonly text: string;
  readonly keyid: string;
  readonly sig: Bytes;
}

export type StoredEnvelope = PackedEnvelope | string;

/** `text` is the JSON text of an envelope. */
export function pack(text: string): StoredEnvelope {
  const packed = packedEnvelope(text);
  return packed !== undefined && unpack(packed) === text ? packed : text;
}

export function unpack(packed: StoredEnvelope): string {
  if (typeof packed === 'string') return packed;
  const { type, text, keyid, sig } = packed;
  const payload = toBase64url(utf8(text));
  return JSON.stringify({ payloadType: type, payload, signatures: [{ keyid, sig: toBase64url(sig) }] });
}

function packedEnvelope(envelope: string): PackedEnvelope | undefined {
  try {
    const { payloadType: type, payload, signatures } = JSON.parse(envelope) as Envelope;
    const [{ keyid, sig }] = signatures;
    return { type, text: fromUtf8(fromBase64url(payload)), keyid, sig: fromBase64url(sig) };
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof TypeError) return undefined; // not an envelope
    throw cause;
  }
}
