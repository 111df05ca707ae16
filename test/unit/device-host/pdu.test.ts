// The codecs of USB/IP messages: decoding reverses encoding, and each number has the offset that
// the kernel expects.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BUS_ID_LENGTH,
  decodeBusId,
  decodeHeader,
  type ExportedDevice,
  encodeBusId,
  encodeDeviceList,
  encodeHeader,
  encodeImportReply,
  HEADER_LENGTH,
  type Header,
} from '#device-host/usbip/pdu.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { readU32 } from '#protocol/bytes/integers.ts';

const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const u8 = fc.integer({ min: 0, max: 0xff });
const setup = fc.record({ requestType: u8, request: u8, value: u16, index: u16, length: u16 });
const status = fc.constantFrom(0, -32, -75, -104);

const header: fc.Arbitrary<Header> = fc.oneof(
  fc.record({
    command: fc.constant('submit' as const),
    seqnum: u32,
    devid: u32,
    direction: fc.constantFrom('in' as const, 'out' as const),
    endpoint: fc.integer({ min: 0, max: 15 }),
    length: u32,
    setup,
  }),
  fc.record({ command: fc.constant('unlink' as const), seqnum: u32, devid: u32, unlinkSeqnum: u32 }),
  fc.record({ command: fc.constant('submitReply' as const), seqnum: u32, status, actual: u32 }),
  fc.record({ command: fc.constant('unlinkReply' as const), seqnum: u32, status }),
);

const DEVICE: ExportedDevice = {
  path: '/keyferry/1',
  busId: '1-1',
  busNumber: 1,
  deviceNumber: 2,
  speed: 'full',
  vendorId: 0x1209,
  productId: 0x0001,
  bcdDevice: 0x0100,
  deviceClass: [0xef, 2, 1],
  configuration: 1,
  interfaceClasses: [
    [0xff, 0, 0],
    [2, 2, 0],
    [10, 0, 0],
  ],
};

describe('a message of USB/IP', () => {
  it('has 48 bytes and decodes to the same message', () => {
    fc.assert(
      fc.property(header, (message) => {
        const bytes = encodeHeader(message);
        expect(bytes).toHaveLength(HEADER_LENGTH);
        expect(decodeHeader(bytes)).toEqual(message);
      }),
    );
  });

  it('has its numbers at the offsets that the kernel expects', () => {
    const bytes = encodeHeader({ command: 'submitReply', seqnum: 0x0102_0304, status: -32, actual: 5 });
    const expected = '00000003 01020304 00000000 00000000 00000000 FFFFFFE0 00000005 00000000 FFFFFFFF 00000000';
    expect(bytes).toEqual(fromHex(`${expected} ${'00'.repeat(8)}`));
  });

  it('is decoded as undefined if its command is unknown', () => {
    expect(decodeHeader(new Uint8Array(HEADER_LENGTH).fill(9))).toBeUndefined();
  });
});

describe('the handshake', () => {
  it('lists a device in 312 bytes plus 4 for each interface', () => {
    const list = encodeDeviceList([DEVICE]);
    expect(list).toHaveLength(12 + 312 + 4 * 3);
    expect(readU32(list, 8)).toBe(1);
    const expected = fromHex('00000001 00000002 00000002 1209 0001 0100 EF 02 01 01 01 03');
    expect(list.slice(12 + 256 + 32, 12 + 312)).toEqual(expected);
  });

  it('replies to an import with the device, or with only a status', () => {
    expect(encodeImportReply(DEVICE)).toHaveLength(8 + 312);
    expect(toHex(encodeImportReply(undefined))).toBe('0111000300000001');
  });

  it('reads a bus id up to its first zero', () => {
    expect(encodeBusId('1-1')).toHaveLength(BUS_ID_LENGTH);
    expect(decodeBusId(encodeBusId('1-1'))).toBe('1-1');
    expect(() => encodeBusId('x'.repeat(BUS_ID_LENGTH))).toThrow(RangeError);
  });
});
