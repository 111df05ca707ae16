// Compares the byte formats that the simulated kernel and a program exchange with the definitions
// in the headers of Linux: termios, URBs, device events, error numbers and the marks of the line
// discipline.
import { describe, expect, it } from 'vitest';
import { Errno } from '#device-host/umockdev/testbed/errno.ts';
import { encodeUevent, murmurHash2 } from '#device-host/umockdev/testbed/uevent.ts';
import { breakInput, dataInput, errorInput } from '#device-host/umockdev/tty/line-discipline.ts';
import {
  decodeInputModes,
  decodeLineCoding,
  type InputModes,
  initialTermios,
  TERMIOS_LENGTH,
  TERMIOS2_LENGTH,
} from '#device-host/umockdev/tty/termios.ts';
import { decodeUrb, encodeCompletion, URB_LENGTH } from '#device-host/umockdev/usb/usb-request-block.ts';
import { toHex } from '#protocol/bytes/hex.ts';

const RAW: InputModes = {
  ignoresBreaks: false,
  signalsBreaks: false,
  ignoresErrors: false,
  marksErrors: false,
  checksParity: false,
  stripsEighthBit: false,
};
/** The input modes that Chromium sets. */
const MARKED: InputModes = { ...RAW, marksErrors: true, checksParity: true };

/** @param flags values of c_iflag (`input`) and c_cflag (`control`), and the speed */
function termios(flags: { readonly input?: number; readonly control?: number; readonly speed?: number }): Buffer {
  const bytes = Buffer.alloc(TERMIOS2_LENGTH);
  bytes.writeUInt32LE(flags.input ?? 0, 0);
  bytes.writeUInt32LE(flags.control ?? 0, 8);
  bytes.writeUInt32LE(flags.speed ?? 0, 40);
  return bytes;
}

describe('termios', () => {
  it.each<[flag: string, value: number, mode: keyof InputModes]>([
    ['IGNBRK', 0o1, 'ignoresBreaks'],
    ['BRKINT', 0o2, 'signalsBreaks'],
    ['IGNPAR', 0o4, 'ignoresErrors'],
    ['PARMRK', 0o10, 'marksErrors'],
    ['INPCK', 0o20, 'checksParity'],
    ['ISTRIP', 0o40, 'stripsEighthBit'],
  ])('has the mode %s', (_flag, value, mode) => {
    expect(decodeInputModes(termios({ input: value }))).toEqual({ ...RAW, [mode]: true });
  });

  it.each<[what: string, control: number, coding: object]>([
    ['9600 8N1', 0o15 | 0o60, { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 }],
    ['115200 7E1', 0o10002 | 0o40 | 0o400, { baudRate: 115_200, dataBits: 7, parity: 'even', stopBits: 1 }],
    ['57600 5O2', 0o10001 | 0o100 | 0o400 | 0o1000, { baudRate: 57_600, dataBits: 5, parity: 'odd', stopBits: 2 }],
  ])('has the line coding %s', (_what, control, coding) => {
    expect(decodeLineCoding(termios({ control }))).toEqual(coding);
  });

  it('has other speeds as a number, but only in the long form', () => {
    const other = termios({ control: 0o10000 | 0o60, speed: 250_000 });
    expect(decodeLineCoding(other).baudRate).toBe(250_000);
    expect(decodeLineCoding(other.subarray(0, TERMIOS_LENGTH)).baudRate).toBe(0);
  });

  it('has 9600 8N1 at first, like a new tty of Linux', () => {
    expect(decodeLineCoding(initialTermios())).toEqual({ baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 });
  });
});

describe('the line discipline', () => {
  it('doubles FF if errors are marked', () => {
    const bytes = Uint8Array.of(0xff, 0x00, 0xff, 0xff, 0x41);
    expect(toHex(dataInput(bytes, MARKED))).toBe('FFFF00FFFFFFFF41');
    expect(toHex(dataInput(bytes, RAW))).toBe('FF00FFFF41');
  });

  it('strips the eighth bit with ISTRIP', () => {
    expect(toHex(dataInput(Uint8Array.of(0xff, 0x80, 0x41), { ...MARKED, stripsEighthBit: true }))).toBe('7F0041');
  });

  it('marks a break, returns it as 0 or ignores it', () => {
    expect(toHex(breakInput(MARKED))).toBe('FF0000');
    expect(toHex(breakInput(RAW))).toBe('00');
    expect(toHex(breakInput({ ...MARKED, ignoresBreaks: true }))).toBe('');
    expect(toHex(breakInput({ ...MARKED, signalsBreaks: true }))).toBe('');
  });

  it('marks a corrupt byte, returns it as 0, ignores it, or does not check', () => {
    expect(toHex(errorInput(0x41, MARKED))).toBe('FF0041');
    expect(toHex(errorInput(0x41, { ...MARKED, marksErrors: false }))).toBe('00');
    expect(toHex(errorInput(0x41, { ...MARKED, ignoresErrors: true }))).toBe('');
    expect(toHex(errorInput(0x41, RAW))).toBe('41');
  });
});

describe('a USB request block', () => {
  const ADDRESS = 0x7f00_1234_5678n;

  function urb(type: number, endpoint: number): Buffer {
    const bytes = Buffer.alloc(URB_LENGTH);
    bytes.writeUInt8(type, 0);
    bytes.writeUInt8(endpoint, 1);
    bytes.writeBigUInt64LE(0x7f00_dead_0000n, 16);
    bytes.writeInt32LE(1344, 24);
    return bytes;
  }

  it('is decoded with address, type, endpoint, buffer and length', () => {
    const read = decodeUrb(ADDRESS, urb(3, 0x81));
    expect(read).toEqual({
      address: ADDRESS,
      type: 'bulk',
      endpoint: 0x81,
      buffer: 0x7f00_dead_0000n,
      length: 1344,
    });
    expect(decodeUrb(ADDRESS, urb(1, 0x82))?.type).toBe('interrupt');
    expect(decodeUrb(ADDRESS, urb(2, 0))?.type).toBe('control');
  });

  it('of an isochronous or unknown type is not supported', () => {
    expect(decodeUrb(ADDRESS, urb(0, 0x81))).toBeUndefined();
    expect(decodeUrb(ADDRESS, urb(4, 0x81))).toBeUndefined();
  });

  it('completes with status and length at their offsets', () => {
    const completed = decodeUrb(ADDRESS, urb(3, 0x81));
    if (completed === undefined) throw new Error('the URB was not decoded');
    const fields = encodeCompletion(completed, -Errno.EPIPE, 10);
    const written = fields.map(([address, value]) => [address - ADDRESS, toHex(value)]);
    expect(written).toEqual([
      [4n, 'E0FFFFFF'],
      [28n, '0A000000'],
    ]);
  });
});

describe('a device event', () => {
  const event = encodeUevent({
    action: 'add',
    syspath: '/devices/pci0000:00/usb1/1-2',
    subsystem: 'usb',
    sequence: 7,
    properties: { DEVTYPE: 'usb_device', DEVNAME: '/dev/bus/usb/001/002' },
  });

  it('starts with the header of udevd: magic, offset and length of the properties', () => {
    expect(event.toString('latin1', 0, 8)).toBe('libudev\0');
    expect(event.readUInt32BE(8)).toBe(0xfeedcafe);
    expect(event.readUInt32LE(12)).toBe(40);
    expect(event.readUInt32LE(16)).toBe(40);
    expect(event.readUInt32LE(20)).toBe(event.length - 40);
  });

  it('has the hashes for the filters of a monitor', () => {
    expect(event.readUInt32BE(24)).toBe(0x0577_c5e5); // "usb", hashed by another implementation of MurmurHash2
    expect(event.readUInt32BE(28)).toBe(0x27f8_f50c); // "usb_device", hashed in the same way
    expect(murmurHash2('tty')).toBe(0x8afa_90c8);
  });

  it('ends with the properties, each terminated by 0', () => {
    expect(event.toString('latin1', 40).split('\0')).toEqual([
      'ACTION=add',
      'DEVPATH=/devices/pci0000:00/usb1/1-2',
      'SUBSYSTEM=usb',
      'SEQNUM=7',
      'DEVTYPE=usb_device',
      'DEVNAME=/dev/bus/usb/001/002',
      '',
    ]);
  });
});
