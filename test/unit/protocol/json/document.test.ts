// Reads documents and requests: unknown members are refused, and text that is not JSON is refused
// with the error code of the document.
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { toBase64url, utf8 } from '#protocol/bytes/text.ts';
import { parseJson, readDocument, readEnvelope, refused } from '#protocol/json/document.ts';
import { envelopeSchema } from '#protocol/json/envelope.ts';
import { calendarTime, entered } from '#protocol/json/request-fields.ts';
import { integer, list } from '#protocol/json/schema.ts';

const schema = v.object({
  id: integer(0, 9),
  rows: list(v.object({ n: integer(0, 9), tags: list(v.object({ on: v.boolean() }), 0, 3) }), 0, 3),
  reason: v.exactOptional(entered(5)),
});
const good = { id: 1, rows: [{ n: 2, tags: [{ on: true }] }] };

describe('a document', () => {
  it('is read with all members, and without optional members', () => {
    expect(readDocument(schema, good, 'file')).toEqual(good);
    expect(readDocument(schema, { ...good, reason: 'why' }, 'file')).toEqual({ ...good, reason: 'why' });
    expect(readDocument(v.object({ note: v.nullable(v.string()) }), { note: null }, 'file')).toEqual({ note: null });
  });

  it.each<[unknown, RegExp]>([
    [{ ...good, more: undefined }, /^file\.more is an unknown member$/],
    [{ ...good, rows: [good.rows[0], { n: 1, tags: [], x: 0 }] }, /^file\.rows\[1\]\.x is an unknown member$/],
    [{ ...good, rows: [{ n: 1, tags: [{ on: true, of: 1 }] }] }, /^file\.rows\[0\]\.tags\[0\]\.of is an unknown/],
    [JSON.parse('{"id":1,"rows":[],"__proto__":{}}'), /^file\.__proto__ is an unknown member$/],
    [JSON.parse('{"id":1,"rows":[],"constructor":1}'), /^file\.constructor is an unknown member$/],
    [{ ...good, reason: null }, /^file\.reason is not/],
    [{ ...good, reason: undefined }, /^file\.reason is missing$/],
  ])('is refused as %j', (value, message) => {
    expect(() => readDocument(schema, value, 'file')).toThrow(message);
    expect(() => readDocument(schema, value, 'file')).toThrow(expect.objectContaining({ code: 'file-refused' }));
  });

  it('is refused with the error code for its kind of document', () => {
    const code = expect.objectContaining({ code: 'vault-malformed' });
    expect(() => readDocument(schema, { ...good, more: 1 }, 'file', 'vault-malformed')).toThrow(code);
    expect(() => readDocument(schema, {}, 'file', 'vault-malformed')).toThrow(code);
    expect(() => parseJson('x', 'file', 'vault-malformed')).toThrow(code);
  });

  it('is JSON in UTF-8', () => {
    expect(parseJson(utf8('"ü"'), 'file')).toBe('ü');
    for (const source of ['', '{]}', Uint8Array.of(0x22, 0xff, 0x22)]) {
      expect(() => parseJson(source, 'file')).toThrow(/^file is not JSON$/);
    }
    for (const source of ['{', '[1,', ' {"a":1\r\n']) {
      expect(() => parseJson(source, 'file')).toThrow(/^This file is cut short\. Copy or download the file again\.$/);
    }
  });
});

describe('an envelope in a file', () => {
  const signature = { keyid: '0123456789ABCDEF', sig: toBase64url(new Uint8Array(64)) };
  const envelope = { payloadType: 'a/b', payload: 'e30', signatures: [signature] };

  it('is read even if its payload and its signature are not canonical base64url', () => {
    const odd = { ...envelope, payload: 'e31', signatures: [{ ...signature, sig: 'B'.repeat(86) }] };
    for (const each of [envelope, odd]) expect(readEnvelope(JSON.stringify(each), 'file')).toEqual(each);
  });

  it.each([
    { ...envelope, payload: '' },
    { ...envelope, payload: 'e30=' },
    { ...envelope, payloadType: 'a b' },
    { ...envelope, signatures: [] },
    { ...envelope, signatures: [signature, signature] },
    { ...envelope, signatures: [{ ...signature, keyid: '0123456789abcdef' }] },
    { ...envelope, signatures: [{ ...signature, keyid: '0123456789ABCDEF0' }] },
    { ...envelope, signatures: [{ ...signature, sig: 'A'.repeat(85) }] },
    { ...envelope, signatures: [{ ...signature, sig: 'A'.repeat(87) }] },
    { ...envelope, signatures: [{ ...signature, of: 1 }] },
    { ...envelope, of: 1 },
  ])('is refused as %j', (value) => {
    expect(() => readEnvelope(JSON.stringify(value), 'file')).toThrow(
      expect.objectContaining({ code: 'file-refused' }),
    );
  });
});

describe('an envelope in an answer', () => {
  const sealed = (payload: number, sig: number) => ({
    ...{ payloadType: 'a/b', payload: toBase64url(new Uint8Array(payload)) },
    signatures: [{ keyid: '0123456789ABCDEF', sig: toBase64url(new Uint8Array(sig)) }],
  });
  it('has a payload of 2 to 65,536 bytes and a signature of 64', () => {
    const isEnvelope = (value: unknown): boolean => v.safeParse(envelopeSchema, value).success;
    expect([sealed(2, 64), sealed(65_536, 64)].map(isEnvelope)).toEqual([true, true]);
    for (const value of [sealed(1, 64), sealed(65_537, 64), sealed(2, 63), sealed(2, 65)]) {
      expect(isEnvelope(value)).toBe(false);
    }
  });
});

describe('a refusal', () => {
  it('keeps its cause, and has none without one', () => {
    const cause = new SyntaxError('bad');
    expect(refused('no', cause)).toMatchObject({ code: 'file-refused', message: 'no', cause });
    expect(refused('no')).not.toHaveProperty('cause');
    expect(() => parseJson('x', 'file')).toThrow(expect.objectContaining({ cause: expect.any(SyntaxError) }));
    expect(() => readEnvelope(JSON.stringify({ payloadType: 'a', payload: '=', signatures: [] }), 'file')).toThrow(
      'file.payload is not base64url',
    );
  });
});

describe('a field of a request', () => {
  const isAccepted = (field: v.GenericSchema, value: unknown): boolean => v.safeParse(field, value).success;

  it('is a text without format characters and line separators', () => {
    for (const value of ['Line 3', 'Ü/ø №7', '🔑']) expect(isAccepted(entered(10), value)).toBe(true);
    for (const value of ['', 'a\nb', 'a\u200Bb', 'a\u2028b', '\u00A0', 'x'.repeat(11), 7]) {
      expect(isAccepted(entered(10), value), JSON.stringify(value)).toBe(false);
    }
    expect(v.parse(entered(10), ' Cafe\u0301\u00A07 ')).toBe('Café 7');
    expect(() => readDocument(schema, { ...good, reason: 'a\u202Eb' }, 'body')).toThrow(
      'body.reason contains U+202E RIGHT-TO-LEFT OVERRIDE at position 2. Type the text again',
    );
  });

  it('is described with its length in JSON Schema', () => {
    expect(entered(10).pipe[0]).toMatchObject({ json: { type: 'string', minLength: 1, maxLength: 10 } });
  });

  it('is a time whose date exists', () => {
    for (const value of ['2026-02-28T00:00:00Z', '2024-02-29T23:59:59.9Z', '2000-02-29T00:00:00Z']) {
      expect(isAccepted(calendarTime, value), value).toBe(true);
    }
    for (const value of [
      '2026-02-29T00:00:00Z',
      '2100-02-29T00:00:00Z',
      '2026-04-31T00:00:00Z',
      '2026-01-01T24:00:00Z',
    ]) {
      expect(isAccepted(calendarTime, value), value).toBe(false);
    }
  });
});
