// The envelopes that the AS signed, as the journal keeps them: the octets of payload and signature instead of their base64url, which is a third of their
// length. What comes out is the very text that went in; a text of another make is kept as it is. Knows no signatures.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { fromBase64url, fromUtf8, toBase64url, utf8 } from '#protocol/bytes/text.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';

export interface PackedEnvelope {
  readonly type: string;
  /** The payload's text. */
  readonly text: string;
  readonly keyid: string;
  readonly sig: Bytes;
}

export type Packed = PackedEnvelope | string;

/** `text` is JSON. */
export function pack(text: string): Packed {
  const packed = packedEnvelope(text);
  return packed !== undefined && unpack(packed) === text ? packed : text;
}

export function unpack(packed: Packed): string {
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
    if (cause instanceof SyntaxError || cause instanceof TypeError) return undefined; // no envelope, or one of another make
    throw cause;
  }
}
