// Base64 with padding (RFC 4648 clause 4), the encoding of signed notes, checkpoints and proofs.
import type { Bytes } from '../bytes/bytes.ts';
import { fromBase64url, toBase64url } from '../bytes/text.ts';

export function toBase64(bytes: Uint8Array): string {
  const text = toBase64url(bytes).replaceAll('-', '+').replaceAll('_', '/');
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=');
}

/** Accepts exactly the text that toBase64() returns. @throws SyntaxError */
export function fromBase64(text: string): Bytes {
  const bytes = fromBase64url(
    text
      .replace(/={1,2}$/, '')
      .replaceAll('+', '-')
      .replaceAll('/', '_'),
  );
  if (toBase64(bytes) !== text) throw new SyntaxError('not base64');
  return bytes;
}
