import { describe, expect, it } from 'vitest';
import { fromHex } from '#protocol/bytes/hex.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { computeEdc, crc16, lrc } from '#protocol/framing/edc.ts';

/** CRC-16 bit by bit, without a table: reflected polynomial 8408, initial value and final XOR FFFF. */
function bitwise(bytes: Uint8Array): number {
  let remainder = 0xffff;
  for (const byte of bytes) {
    remainder ^= byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >> 1) ^ (remainder & 1 ? 0x8408 : 0);
  }
  return remainder ^ 0xffff;
}

describe('error detection codes', () => {
  it('have the check value of ISO/IEC 13239 for the CRC', () => {
    expect(crc16(ascii('123456789'))).toBe(0x906e);
    expect(computeEdc('crc', ascii('123456789'))).toBe(0x906e);
  });

  it('are 0000 for the CRC over no bytes', () => {
    expect(crc16(new Uint8Array(0))).toBe(0x0000);
  });

  it('equal the bitwise CRC of ISO/IEC 13239 for each length and start', () => {
    const bytes = Uint8Array.from({ length: 24 }, (_, i) => 0xff - i * 37);
    for (let from = 0; from < 6; from++) {
      for (let to = from; to <= bytes.length; to++)
        expect(crc16(bytes, from, to)).toBe(bitwise(bytes.subarray(from, to)));
    }
  });

  it('are the XOR of all bytes for the LRC', () => {
    expect(lrc(fromHex('00 C1 01 FE'))).toBe(0x3e);
    expect(computeEdc('lrc', fromHex('00 C0 00'))).toBe(0xc0);
  });
});
