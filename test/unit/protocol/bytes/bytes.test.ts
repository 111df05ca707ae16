// Octets, integers and text: what they make, what they refuse.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, copy, equalBytes, isZero, requireLength, wipe } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { readU8, readU16, readU32, u8, u16, u32 } from '#protocol/bytes/integers.ts';
import { ascii, fromAscii, fromBase64url, fromUtf8, toBase64url, utf8 } from '#protocol/bytes/text.ts';

const octets = fc.uint8Array({ maxLength: 80 });

describe('octet strings', () => {
  it('are joined in order, a number standing for one octet', () => {
    expect(concat(Uint8Array.of(1, 2), 3, new Uint8Array(0), 0xff)).toEqual(Uint8Array.of(1, 2, 3, 0xff));
    for (const number of [-1, 256, 1.5]) expect(() => concat(number)).toThrow(RangeError);
  });

  it('are equal iff every octet is', () => {
    fc.assert(fc.property(octets, octets, (a, b) => equalBytes(a, b) === (toHex(a) === toHex(b))));
    fc.assert(fc.property(octets, (a) => equalBytes(a, copy(a))));
  });

  it('are wiped in place, and what is not there is passed over', () => {
    const secret = Uint8Array.of(1, 2, 3);
    wipe(secret, undefined);
    expect(isZero(secret)).toBe(true);
    expect(isZero(Uint8Array.of(0, 0, 1))).toBe(false);
  });

  it('of a wrong length are refused by name', () => {
    expect(() => requireLength('kbpk', new Uint8Array(31), 16, 32)).toThrow('kbpk has 31 bytes, not 16 or 32');
    expect(() => requireLength('kbpk', 'text' as unknown as Uint8Array, 4)).toThrow(TypeError);
  });
});

describe('integers', () => {
  it('are big-endian and read back', () => {
    expect([u8(0xfe), u16(0x0102), u32(0xde300001)].map(toHex)).toEqual(['FE', '0102', 'DE300001']);
    fc.assert(fc.property(fc.integer({ min: 0, max: 0xffffffff }), (n) => readU32(u32(n), 0) === n));
    fc.assert(fc.property(fc.integer({ min: 0, max: 0xffff }), (n) => readU16(u16(n), 0) === n));
  });

  it('that do not fit, or are not there, are refused', () => {
    expect(() => u8(256)).toThrow(RangeError);
    expect(() => u16(-1)).toThrow(RangeError);
    expect(() => u32(2 ** 32)).toThrow(RangeError);
    expect(() => readU8(new Uint8Array(0), 0)).toThrow(RangeError);
    expect(() => readU32(new Uint8Array(4), 1)).toThrow(RangeError);
  });
});

describe('text', () => {
  it('in hex reads back, with blanks and in either case', () => {
    fc.assert(fc.property(octets, (bytes) => equalBytes(fromHex(toHex(bytes).toLowerCase()), bytes)));
    expect(fromHex('80 DA\n01 02')).toEqual(Uint8Array.of(0x80, 0xda, 1, 2));
    expect(() => fromHex('8')).toThrow(SyntaxError);
    expect(() => fromHex('8G')).toThrow(SyntaxError);
  });

  it('in base64url reads back, and agrees with the platform', () => {
    fc.assert(fc.property(octets, (bytes) => toBase64url(bytes) === Buffer.from(bytes).toString('base64url')));
    fc.assert(fc.property(octets, (bytes) => equalBytes(fromBase64url(toBase64url(bytes)), bytes)));
  });

  it('in base64url has one form per octet string', () => {
    for (const text of ['A', 'AB', 'AA=', 'A+A', 'AA==', 'AAA '])
      expect(() => fromBase64url(text)).toThrow(SyntaxError);
    expect(fromBase64url('AA')).toEqual(Uint8Array.of(0));
  });

  it('in UTF-8 reads back, and agrees with the platform', () => {
    const words = fc.oneof(fc.string(), fc.string({ unit: 'binary' }));
    fc.assert(fc.property(words, (text) => equalBytes(utf8(text), new TextEncoder().encode(text))));
    fc.assert(fc.property(words, (text) => fromUtf8(utf8(text)) === text));
    const long = 'Schlüssel für Gerät 7, '.repeat(1000);
    expect(fromUtf8(utf8(long))).toBe(long);
    expect(fromUtf8(utf8('A'.repeat(200_000)))).toHaveLength(200_000);
  });

  it('in UTF-8 is refused where it is none', () => {
    const platform = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const orNothing = (read: () => string): string | undefined => {
      try {
        return read();
      } catch {
        return undefined;
      }
    };
    fc.assert(
      fc.property(octets, (bytes) => orNothing(() => fromUtf8(bytes)) === orNothing(() => platform.decode(bytes))),
    );
    expect(() => fromUtf8(Uint8Array.of(0xc0, 0x80))).toThrow(SyntaxError);
    expect(() => utf8('\ud800')).toThrow(SyntaxError);
  });

  it('in ASCII is ASCII only', () => {
    expect(fromAscii(ascii('TKL1'))).toBe('TKL1');
    expect(() => ascii('ü')).toThrow(RangeError);
  });
});
