import { describe, expect, it } from 'vitest';
import { fromHex } from '#protocol/bytes/hex.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { computeEdc, crc16, lrc } from '#protocol/framing/edc.ts';

describe('error detection codes', () => {
  it('have the check value of ISO/IEC 13239 for the CRC', () => {
    expect(crc16(ascii('123456789'))).toBe(0x906e);
    expect(computeEdc('crc', ascii('123456789'))).toBe(0x906e);
  });

  it('are 0000 for the CRC over no bytes', () => {
    expect(crc16(new Uint8Array(0))).toBe(0x0000);
  });

  it('are the XOR of all bytes for the LRC', () => {
    expect(lrc(fromHex('00 C1 01 FE'))).toBe(0x3e);
    expect(computeEdc('lrc', fromHex('00 C0 00'))).toBe(0xc0);
  });
});
