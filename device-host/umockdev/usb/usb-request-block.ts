// Decodes struct usbdevfs_urb of Linux on 64-bit machines (linux/usbdevice_fs.h), and lists the
// ioctls of usbfs.

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

/** The supported types of URBs. Isochronous URBs are not supported. */
export type UrbType = 'interrupt' | 'control' | 'bulk';

export interface Urb {
  /** Address of the URB in the program's memory, which also identifies the URB. */
  readonly address: bigint;
  readonly type: UrbType;
  /** Endpoint address; bit 7 means IN. */
  readonly endpoint: number;
  readonly buffer: bigint;
  readonly length: number;
}

/** Returns undefined for an unsupported type. */
export function decodeUrb(address: bigint, bytes: Buffer): Urb | undefined {
  const type = TYPES[bytes.readUInt8(0)];
  if (type === undefined) return undefined;
  return {
    address,
    type,
    endpoint: bytes.readUInt8(1),
    buffer: bytes.readBigUInt64LE(16),
    length: bytes.readInt32LE(24),
  };
}

/**
 * Encodes the fields that change when a URB completes.
 * @param status 0, or a negative error number
 * @returns pairs of an address in the program's memory and the value to write there
 */
export function encodeCompletion(
  urb: Urb,
  status: number,
  actualLength: number,
): readonly (readonly [address: bigint, value: Buffer])[] {
  return [
    [urb.address + BigInt(STATUS_OFFSET), int32(status)],
    [urb.address + BigInt(ACTUAL_LENGTH_OFFSET), int32(actualLength)],
  ];
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}
