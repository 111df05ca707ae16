// The functions for byte arrays, integers and text: their results and refusals.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asBytes, concat, copy, equalBytes, isZero, requireLength, wipe } from '#protocol/bytes/bytes.ts';
import { fromHex, hexNumber, toHex } from '#protocol/bytes/hex.ts';
import { readU8, readU16, readU32, u8, u16, u32 } from '#protocol/bytes/integers.ts';
import { ascii, fromAscii, fromBase64url, fromUtf8, toBase64url, utf8 } from '#protocol/bytes/text.ts';

const anyBytes = fc.uint8Array({ maxLength: 80 });

describe('byte arrays', () => {
  it('are joined in order, and a number is joined as one byte', () => {
    expect(concat(Uint8Array.of(1, 2), 3, new Uint8Array(0), 0xff)).toEqual(Uint8Array.of(1, 2, 3, 0xff));
    expect(concat(Uint8Array.of(1, 2, 3))).toEqual(Uint8Array.of(1, 2, 3));
    expect(concat(0, 0xff)).toEqual(Uint8Array.of(0, 0xff));
    for (const number of [-1, 256, 1.5]) expect(() => concat(number)).toThrow(RangeError);
  });

  it('are equal if and only if all bytes are equal', () => {
    fc.assert(fc.property(anyBytes, anyBytes, (a, b) => equalBytes(a, b) === (toHex(a) === toHex(b))));
    fc.assert(fc.property(anyBytes, (a) => equalBytes(a, copy(a))));
    const bytes = Uint8Array.of(1, 2, 3);
    for (const other of ['000203', '010003', '010200']) expect(equalBytes(bytes, fromHex(other))).toBe(false);
  });

  it('are wiped in place, and undefined is skipped', () => {
    const secret = Uint8Array.of(1, 2, 3);
    wipe(secret, undefined);
    expect(isZero(secret)).toBe(true);
    expect(isZero(Uint8Array.of(0, 0, 1))).toBe(false);
  });

  it('are copied only out of shared memory, which a port does not accept', () => {
    const own = Uint8Array.of(1, 2);
    expect(asBytes(own)).toBe(own);
    const shared = new Uint8Array(new SharedArrayBuffer(2));
    shared.set(own);
    expect(asBytes(shared)).toEqual(own);
    expect(asBytes(shared).buffer).toBeInstanceOf(ArrayBuffer);
  });

  it('of a wrong length are refused with the name of the argument', () => {
    expect(() => requireLength('kbpk', new Uint8Array(31), 16, 32)).toThrow('kbpk has 31 bytes, not 16 or 32');
    expect(() => requireLength('kbpk', new Uint8Array(32), 16, 32)).not.toThrow();
    expect(() => requireLength('kbpk', 'text' as unknown as Uint8Array, 4)).toThrow(TypeError);
  });
});

describe('integers', () => {
  it('are encoded big-endian and decoded again', () => {
    expect([u8(0xfe), u16(0x0102), u32(0xde300001)].map(toHex)).toEqual(['FE', '0102', 'DE300001']);
    expect([u8(0), u16(0), u32(0xffffffff)].map(toHex)).toEqual(['00', '0000', 'FFFFFFFF']);
    expect(readU8(Uint8Array.of(5, 7), 1)).toBe(7);
    fc.assert(fc.property(fc.integer({ min: 0, max: 0xffffffff }), (n) => readU32(u32(n), 0) === n));
    fc.assert(fc.property(fc.integer({ min: 0, max: 0xffff }), (n) => readU16(u16(n), 0) === n));
  });

  it('are refused when their value does not fit, or when they lie beyond the end of the bytes', () => {
    expect(() => u8(256)).toThrow(RangeError);
    expect(() => u16(-1)).toThrow(RangeError);
    expect(() => u32(2 ** 32)).toThrow(RangeError);
    expect(() => readU8(new Uint8Array(0), 0)).toThrow(RangeError);
    expect(() => readU32(new Uint8Array(4), 1)).toThrow(RangeError);
    expect(() => readU8(new Uint8Array(4), -1)).toThrow(RangeError);
  });
});

describe('text', () => {
  it('in hexadecimal is decoded to the same bytes, even with white space and in lower case', () => {
    fc.assert(fc.property(anyBytes, (bytes) => equalBytes(fromHex(toHex(bytes).toLowerCase()), bytes)));
    expect(fromHex('80 DA\n01 02')).toEqual(Uint8Array.of(0x80, 0xda, 1, 2));
    expect([hexNumber(0xb), hexNumber(0xbn, 4)]).toEqual(['B', '000B']);
    expect(() => fromHex('8')).toThrow(SyntaxError);
    expect(() => fromHex('8G')).toThrow(SyntaxError);
  });

  it('in base64url is decoded to the same bytes, and equals the text of the platform', () => {
    fc.assert(fc.property(anyBytes, (bytes) => toBase64url(bytes) === Buffer.from(bytes).toString('base64url')));
    fc.assert(fc.property(anyBytes, (bytes) => equalBytes(fromBase64url(toBase64url(bytes)), bytes)));
  });

  it('in base64url is refused in any form but the canonical form', () => {
    for (const text of ['A', 'AB', 'AA=', 'A+A', 'AA==', 'AAA '])
      expect(() => fromBase64url(text)).toThrow(SyntaxError);
    expect(fromBase64url('AA')).toEqual(Uint8Array.of(0));
  });

  it('in UTF-8 is decoded to the same text, and equals the bytes of the platform', () => {
    const words = fc.oneof(fc.string(), fc.string({ unit: 'binary' }));
    fc.assert(fc.property(words, (text) => equalBytes(utf8(text), new TextEncoder().encode(text))));
    fc.assert(fc.property(words, (text) => fromUtf8(utf8(text)) === text));
    expect(toHex(utf8('\x7f\x80\u07ff\u0800'))).toBe('7FC280DFBFE0A080');
    const long = 'Schlüssel für Gerät 7, '.repeat(1000);
    expect(fromUtf8(utf8(long))).toBe(long);
    expect(fromUtf8(utf8('A'.repeat(200_000)))).toHaveLength(200_000);
  });

  it('is refused when it is not UTF-8', () => {
    const platform = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const orUndefined = (read: () => string): string | undefined => {
      try {
        return read();
      } catch {
        return undefined;
      }
    };
    fc.assert(
      fc.property(
        anyBytes,
        (bytes) => orUndefined(() => fromUtf8(bytes)) === orUndefined(() => platform.decode(bytes)),
      ),
    );
    expect(() => fromUtf8(Uint8Array.of(0xc0, 0x80))).toThrow(SyntaxError);
    expect(() => utf8('\ud800')).toThrow(SyntaxError);
  });

  it('in ASCII contains only ASCII characters', () => {
    expect(fromAscii(ascii('TKL1'))).toBe('TKL1');
    expect(ascii('\x7f')).toEqual(Uint8Array.of(0x7f));
    for (const text of ['\x80', 'ü']) expect(() => ascii(text)).toThrow(RangeError);
  });
});
