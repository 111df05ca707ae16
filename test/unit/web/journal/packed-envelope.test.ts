import { describe, expect, it } from 'vitest';
import { toBase64url, utf8 } from '#protocol/bytes/text.ts';
import { pack, unpack } from '#web/journal/packed-envelope.ts';

const SIGNATURE = new Uint8Array(64).fill(9);
const TYPE = 'application/vnd.keyferry.verdict+json';

function envelopeOf(payload: Uint8Array, change: object = {}): string {
  const signatures = [{ keyid: '0123456789ABCDEF', sig: toBase64url(SIGNATURE) }];
  return JSON.stringify({ payloadType: TYPE, payload: toBase64url(payload), signatures, ...change });
}

describe('a packed envelope', () => {
  it('contains the payload as text and the signature as bytes, and is restored exactly', () => {
    const text = envelopeOf(utf8('{"exportId":"ü"}'));
    const packed = pack(text);
    expect(packed).toEqual({ type: TYPE, text: '{"exportId":"ü"}', keyid: '0123456789ABCDEF', sig: SIGNATURE });
    expect(unpack(packed)).toBe(text);
  });

  const signature = { keyid: 'A', sig: toBase64url(SIGNATURE) };
  it.each([
    ['is not JSON', '{"payloadType"'],
    ['is no object', 'null'],
    ['is no envelope', '{}'],
    ['has no signature', envelopeOf(utf8('{}'), { signatures: [] })],
    ['has two signatures', envelopeOf(utf8('{}'), { signatures: [signature, signature] })],
    ['has another field', envelopeOf(utf8('{}'), { version: 2 })],
    ['has a payload that is no base64url', envelopeOf(utf8('{}'), { payload: 'A' })],
    ['has a payload that is no text', envelopeOf(Uint8Array.of(0xff, 0xfe))],
    ['has spaces', JSON.stringify(JSON.parse(envelopeOf(utf8('{}'))), null, 1)],
  ])('is the unchanged text if it %s', (_, text) => {
    expect(pack(text)).toBe(text);
    expect(unpack(text)).toBe(text);
  });
});
