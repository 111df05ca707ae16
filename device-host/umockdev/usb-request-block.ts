// struct usbdevfs_urb of Linux on a 64-bit machine (linux/usbdevice_fs.h) and the ioctls of usbfs: octets to meaning.

export const UsbRequest = {
  SETINTERFACE: 0x80085504,
  SETCONFIGURATION: 0x80045505,
  SUBMITURB: 0x8038550a,
  DISCARDURB: 0x550b,
  REAPURBNDELAY: 0x4008550d,
  CLAIMINTERFACE: 0x8004550f,
  RELEASEINTERFACE: 0x80045510,
  IOCTL: 0xc0105512,
  RESET: 0x5514,
  CLEAR_HALT: 0x80045515,
} as const;

export const URB_LENGTH = 56;

const STATUS_OFFSET = 4;
const ACTUAL_LENGTH_OFFSET = 28;
const TYPES: Readonly<Record<number, UrbType>> = { 1: 'interrupt', 2: 'control', 3: 'bulk' };

/** Isochronous ones are not offered. */
export type UrbType = 'interrupt' | 'control' | 'bulk';

export interface Urb {
  /** Where it stands in the program's memory: its name. */
  readonly address: bigint;
  readonly type: UrbType;
  /** With bit 7 for IN. */
  readonly endpoint: number;
  readonly buffer: bigint;
  readonly length: number;
}

/** Undefined for a type that is not offered. */
export function decodeUrb(address: bigint, octets: Buffer): Urb | undefined {
  const type = TYPES[octets.readUInt8(0)];
  if (type === undefined) return undefined;
  return {
    address,
    type,
    endpoint: octets.readUInt8(1),
    buffer: octets.readBigUInt64LE(16),
    length: octets.readInt32LE(24),
  };
}

/** The two fields that change when it ends, and where they stand. @param status 0, or an error number below 0 */
export function encodeEnd(urb: Urb, status: number, actualLength: number): readonly (readonly [bigint, Buffer])[] {
  return [
    [urb.address + BigInt(STATUS_OFFSET), int32(status)],
    [urb.address + BigInt(ACTUAL_LENGTH_OFFSET), int32(actualLength)],
  ];
}

function int32(value: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeInt32LE(value);
  return octets;
}
