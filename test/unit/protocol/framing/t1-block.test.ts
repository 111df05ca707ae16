import { describe, expect, it } from 'vitest';
import { concat } from '#protocol/bytes/bytes.ts';
import { fromHex, hexNumber, toHex } from '#protocol/bytes/hex.ts';
import { computeEdc, type Edc } from '#protocol/framing/edc.ts';
import { encodeIBlock, encodeRBlock, encodeSBlock, T1BlockReader } from '#protocol/framing/t1-block.ts';
import { decodeBlock } from '#test/support/t1-block.ts';

/** Appends a correct EDC to the fields of a block, even to invalid ones. */
function withEdc(hex: string, edc: Edc = 'lrc'): Uint8Array {
  const block = fromHex(hex);
  const code = computeEdc(edc, block);
  return edc === 'crc' ? concat(block, code >> 8, code & 0xff) : concat(block, code);
}

describe('T=1 blocks', () => {
  it.each([
    ['I(0,0)', encodeIBlock(0, false, fromHex('01 02'), 'lrc'), '00 00 02 01 02 01'],
    ['I(1,1)', encodeIBlock(1, true, fromHex('01 02'), 'lrc'), '00 60 02 01 02 61'],
    ['I(0,0) of nothing', encodeIBlock(0, false, fromHex(''), 'lrc'), '00 00 00 00'],
    ['R(0)', encodeRBlock(0, 0, 'lrc'), '00 80 00 80'],
    ['R(1), EDC error', encodeRBlock(1, 1, 'lrc'), '00 91 00 91'],
    ['R(1), other error', encodeRBlock(1, 2, 'lrc'), '00 92 00 92'],
    ['S(RESYNCH request)', encodeSBlock('resynch', false, 0, 'lrc'), '00 C0 00 C0'],
    ['S(RESYNCH response)', encodeSBlock('resynch', true, 0, 'lrc'), '00 E0 00 E0'],
    ['S(IFS request)', encodeSBlock('ifs', false, 0xfe, 'lrc'), '00 C1 01 FE 3E'],
    ['S(IFS response)', encodeSBlock('ifs', true, 0xfe, 'lrc'), '00 E1 01 FE 1E'],
    ['S(WTX request)', encodeSBlock('wtx', false, 0x02, 'lrc'), '00 C3 01 02 C0'],
    ['S(WTX response)', encodeSBlock('wtx', true, 0x02, 'lrc'), '00 E3 01 02 E0'],
  ])('encode %s as in ISO/IEC 7816-3 clause 11.3', (_name, block, hex) => {
    expect(toHex(block)).toBe(toHex(fromHex(hex)));
  });

  it('encode the CRC with the more significant byte first', () => {
    const block = encodeSBlock('resynch', false, 0, 'crc');
    const code = computeEdc('crc', fromHex('00 C0 00'));
    expect(toHex(block)).toBe(`00C000${hexNumber(code, 4)}`);
  });

  it.each([
    ['a NAD other than 00', '01 00 00'],
    ['LEN FF, which is reserved', `00 00 FF ${'00'.repeat(255)}`],
    ['a reserved bit in the PCB of an I-block', '00 01 00'],
    ['a reserved bit in the PCB of an R-block', '00 A0 00'],
    ['an undefined error in an R-block', '00 83 00'],
    ['an R-block with INF', '00 80 01 00'],
    ['an undefined request in an S-block', '00 C4 00'],
    ['S(RESYNCH) with INF', '00 C0 01 00'],
    ['S(IFS) without INF', '00 C1 00'],
    ['S(IFS) of 00', '00 C1 01 00'],
    ['S(IFS) of FF', '00 C1 01 FF'],
    ['S(WTX) with two bytes', '00 C3 02 01 01'],
    ['S(WTX) of 00', '00 C3 01 00'],
  ])('are refused with %s', (_name, hex) => {
    expect(decodeBlock(withEdc(hex), 'lrc')).toBeUndefined();
    expect(decodeBlock(withEdc(hex, 'crc'), 'crc')).toBeUndefined();
  });

  it('are refused with the wrong kind of EDC, with fewer bytes and with more bytes', () => {
    const block = encodeIBlock(0, false, fromHex('01 02 03'), 'crc');
    expect(decodeBlock(block, 'crc')).toEqual({ kind: 'I', ns: 0, more: false, inf: fromHex('01 02 03') });
    expect(decodeBlock(block, 'lrc')).toBeUndefined();
    expect(decodeBlock(block.subarray(0, -1), 'crc')).toBeUndefined();
    expect(decodeBlock(concat(block, 0), 'crc')).toBeUndefined();
    expect(decodeBlock(fromHex(''), 'crc')).toBeUndefined();
  });

  it('are refused with an INF of 255 bytes', () => {
    expect(() => encodeIBlock(0, false, new Uint8Array(255), 'crc')).toThrow(
      new RangeError('inf has 255 bytes, more than 254'),
    );
  });
});

describe('the reader of T=1 blocks', () => {
  it('discards a wrong NAD at the first byte', () => {
    const reader = new T1BlockReader('crc');
    reader.push(fromHex('FF'));
    expect(reader.next()).toBe('damaged');
    expect(reader.isPending).toBe(false);
    expect(reader.next()).toBeUndefined();
  });

  it('discards a reserved LEN before 255 bytes have arrived', () => {
    const reader = new T1BlockReader('crc');
    reader.push(fromHex('00 00 FF'));
    expect(reader.next()).toBe('damaged');
  });

  it('joins a split block and then decodes the next block', () => {
    const reader = new T1BlockReader('lrc');
    reader.push(fromHex('00 80'));
    expect(reader.next()).toBeUndefined();
    expect(reader.isPending).toBe(true);
    reader.push(fromHex('00 80 00 90 00 90'));
    expect(reader.next()).toEqual({ kind: 'R', nr: 0, error: 0 });
    expect(reader.next()).toEqual({ kind: 'R', nr: 1, error: 0 });
    expect(reader.next()).toBeUndefined();
    expect(reader.isPending).toBe(false);
  });
});
