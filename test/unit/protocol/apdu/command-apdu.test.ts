import { describe, expect, it } from 'vitest';
import { type CommandApdu, encodeExtendedCommand, encodeShortCommand, fitsShort } from '#protocol/apdu/command-apdu.ts';
import { decodeCommand } from '#protocol/apdu/decode-command.ts';
import { decodeResponse, encodeResponse } from '#protocol/apdu/response-apdu.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { ProtocolError } from '#protocol/errors.ts';

const command = (data: Uint8Array, ne: number): CommandApdu => ({ cla: 0x80, ins: 0xd8, p1: 1, p2: 2, data, ne });
const AABB = fromHex('AABB');
const NONE = fromHex('');

describe('command APDUs', () => {
  it.each([
    ['case 1', NONE, 0, '80D80102'],
    ['case 2', NONE, 5, '80D8010205'],
    ['case 2 for 256 bytes', NONE, 256, '80D8010200'],
    ['case 3', AABB, 0, '80D8010202AABB'],
    ['case 4', AABB, 64, '80D8010202AABB40'],
    ['case 4 for 256 bytes', AABB, 256, '80D8010202AABB00'],
  ])('are encoded and decoded in short form: %s', (_case, data, ne, hex) => {
    expect(toHex(encodeShortCommand(command(data, ne)))).toBe(hex);
    expect(decodeCommand(fromHex(hex))).toEqual({ ...command(data, ne), extended: false });
  });

  it.each([
    ['case 2', NONE, 5, '80D80102000005'],
    ['case 2 for 65,536 bytes', NONE, 65_536, '80D80102000000'],
    ['case 3', AABB, 0, '80D80102000002AABB'],
    ['case 4', AABB, 64, '80D80102000002AABB0040'],
    ['case 4 for 65,536 bytes', AABB, 65_536, '80D80102000002AABB0000'],
  ])('are encoded and decoded in extended form: %s', (_case, data, ne, hex) => {
    expect(toHex(encodeExtendedCommand(command(data, ne)))).toBe(hex);
    expect(decodeCommand(fromHex(hex))).toEqual({ ...command(data, ne), extended: true });
  });

  it('have no length field in case 1, even in extended form', () => {
    expect(toHex(encodeExtendedCommand(command(NONE, 0)))).toBe('80D80102');
  });

  it.each([
    ['', 'a command APDU has at least 4 bytes, not 0'],
    ['80D801', 'a command APDU has at least 4 bytes, not 3'],
    ['80D8010202AA', 'Lc is 2, but 1 bytes follow'],
    ['80D8010202AABBCCDD', 'Lc is 2, but 4 bytes follow'],
    ['80D801020000', 'an extended length field has 3 bytes, not 2'],
    ['80D80102000000AA', 'extended Lc is 0'],
    ['80D80102000002AA', 'extended Lc is 2, but 1 bytes follow'],
    ['80D80102000002AABB00', 'extended Lc is 2, but 3 bytes follow'],
    ['80D80102000002AABB000000', 'extended Lc is 2, but 5 bytes follow'],
  ])('of a wrong length are refused with a message that names the length: "%s"', (hex, message) => {
    expect(() => decodeCommand(fromHex(hex))).toThrow(new SyntaxError(message));
  });

  it('fit into short form up to 255 bytes of data and 256 bytes of response', () => {
    expect(fitsShort(command(new Uint8Array(255), 256))).toBe(true);
    expect(fitsShort(command(new Uint8Array(256), 256))).toBe(false);
    expect(fitsShort(command(NONE, 257))).toBe(false);
  });

  it('are refused with a message that names the field that is too large', () => {
    expect(() => encodeShortCommand(command(new Uint8Array(256), 0))).toThrow(
      new RangeError('data has 256 bytes, more than 255'),
    );
    expect(() => encodeShortCommand(command(NONE, 257))).toThrow(new RangeError('ne is 257, not 0 to 256'));
    expect(() => encodeExtendedCommand(command(new Uint8Array(65_536), 0))).toThrow(RangeError);
    expect(() => encodeExtendedCommand(command(NONE, 65_537))).toThrow(RangeError);
    expect(() => encodeShortCommand(command(NONE, -1))).toThrow(RangeError);
    expect(() => encodeShortCommand({ ...command(NONE, 0), p1: 256 })).toThrow(new RangeError('256 is not a byte'));
  });
});

describe('response APDUs', () => {
  it('consist of data and status word', () => {
    expect(toHex(encodeResponse(AABB, 0x6a82))).toBe('AABB6A82');
    expect(decodeResponse(fromHex('AABB6A82'))).toEqual({ data: AABB, sw: 0x6a82 });
    expect(decodeResponse(fromHex('9000'))).toEqual({ data: NONE, sw: 0x9000 });
  });

  it.each(['', '90'])('are refused without a status word: "%s"', (hex) => {
    expect(() => decodeResponse(fromHex(hex))).toThrow(ProtocolError);
    expect(() => decodeResponse(fromHex(hex))).toThrow(/at least 2 bytes/);
  });
});
