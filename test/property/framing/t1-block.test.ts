import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';
import type { Edc } from '#protocol/framing/edc.ts';
import { encodeIBlock, encodeRBlock, encodeSBlock, type T1Block, T1BlockReader } from '#protocol/framing/t1-block.ts';
import { flipBit } from '#test/support/bits.ts';
import { decodeBlock } from '#test/support/t1-block.ts';

const bit = fc.constantFrom(0 as const, 1 as const);
const anyEdc = fc.constantFrom<Edc>('crc', 'lrc');
const inf = fc.uint8Array({ maxLength: 254 }).map((bytes) => Uint8Array.from(bytes));
const anyBlock: fc.Arbitrary<T1Block> = fc.oneof(
  fc.record({ kind: fc.constant('I' as const), ns: bit, more: fc.boolean(), inf }),
  fc.record({ kind: fc.constant('R' as const), nr: bit, error: fc.constantFrom(0 as const, 1 as const, 2 as const) }),
  fc.record({
    kind: fc.constant('S' as const),
    request: fc.constantFrom('ifs' as const, 'wtx' as const),
    response: fc.boolean(),
    value: fc.integer({ min: 1, max: 254 }),
  }),
  fc.record({
    kind: fc.constant('S' as const),
    request: fc.constantFrom('resynch' as const, 'abort' as const),
    response: fc.boolean(),
    value: fc.constant(0),
  }),
);

function encode(block: T1Block, edc: Edc): Bytes {
  switch (block.kind) {
    case 'I':
      return encodeIBlock(block.ns, block.more, block.inf, edc);
    case 'R':
      return encodeRBlock(block.nr, block.error, edc);
    default:
      return encodeSBlock(block.request, block.response, block.value, edc);
  }
}

describe('T=1 blocks of any kind', () => {
  it('are decoded as they were encoded', () => {
    fc.assert(
      fc.property(anyBlock, anyEdc, (block, edc) => {
        expect(decodeBlock(encode(block, edc), edc)).toEqual(block);
      }),
    );
  });

  it('are refused with any flipped bit', () => {
    fc.assert(
      fc.property(anyBlock, anyEdc, (block, edc) => {
        const encoded = encode(block, edc);
        for (let bit = 0; bit < encoded.length * 8; bit++) {
          expect(decodeBlock(flipBit(encoded, bit), edc)).toBeUndefined();
        }
      }),
      { numRuns: 30 },
    );
  });

  it('are refused by the CRC after any burst error of up to 16 bits after LEN', () => {
    fc.assert(
      fc.property(anyBlock, fc.nat(), fc.integer({ min: 1, max: 0xffff }), (block, where, burst) => {
        const encoded = encode(block, 'crc');
        // Byte 3 is the first byte after LEN. The burst changes up to two bytes.
        const at = 3 + (where % (encoded.length - 4));
        encoded[at] = (encoded[at] ?? 0) ^ (burst & 0xff);
        encoded[at + 1] = (encoded[at + 1] ?? 0) ^ (burst >> 8);
        expect(decodeBlock(encoded, 'crc')).toBeUndefined();
      }),
    );
  });

  it('are refused when truncated anywhere', () => {
    fc.assert(
      fc.property(anyBlock, anyEdc, fc.nat(), (block, edc, where) => {
        const encoded = encode(block, edc);
        expect(decodeBlock(encoded.subarray(0, where % encoded.length), edc)).toBeUndefined();
      }),
    );
  });

  it('are found in a stream that is split anywhere', () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.array(anyBlock, { maxLength: 8 }), anyEdc, pieces, (blocks, edc, sizes) => {
        const stream = concat(...blocks.map((block) => encode(block, edc)));
        const reader = new T1BlockReader(edc);
        const found: T1Block[] = [];
        for (let offset = 0, turn = 0; offset < stream.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          reader.push(stream.subarray(offset, offset + size));
          offset += size;
          for (let block = reader.next(); block !== undefined; block = reader.next()) {
            expect(block).not.toBe('damaged');
            if (block !== 'damaged') found.push(block);
          }
        }
        expect(found).toEqual(blocks);
        expect(reader.isPending).toBe(false);
      }),
    );
  });

  it('are found in hostile bytes only with a correct EDC, and the reader always ends', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 64 }), (pieces) => {
        const reader = new T1BlockReader('crc');
        for (const piece of pieces) {
          reader.push(piece);
          for (let steps = 0, block = reader.next(); block !== undefined; block = reader.next()) {
            expect(++steps).toBeLessThanOrEqual(piece.length);
            if (block !== 'damaged') expect(decodeBlock(encode(block, 'crc'), 'crc')).toEqual(block);
          }
        }
      }),
    );
  });
});
