// Codecs of the USB/IP messages (Linux Documentation/usb/usbip_protocol, version 1.1.1). A
// handshake lists and imports devices. After the handshake, the stream contains the transfers of
// the imported device. All numbers are big-endian except in the setup packet.
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';
import { readU16, readU32, u16, u32 } from '#protocol/bytes/integers.ts';
import { ascii, fromAscii } from '#protocol/bytes/text.ts';
import { decodeSetup, encodeSetup, SETUP_LENGTH, type SetupPacket } from '../gadget/setup-packet.ts';

const VERSION = 0x0111;

export const Operation = {
  requestImport: 0x8003,
  replyImport: 0x0003,
  requestDeviceList: 0x8005,
  replyDeviceList: 0x0005,
} as const;

export const OPERATION_HEADER_LENGTH = 8;
export const BUS_ID_LENGTH = 32;
const PATH_LENGTH = 256;

/** enum usb_device_speed. */
export const SPEED = { full: 2, high: 3 } as const;

export interface ExportedDevice {
  /** Path of the device in the form of /sys, for display. */
  readonly path: string;
  readonly busId: string;
  readonly busNumber: number;
  readonly deviceNumber: number;
  readonly speed: keyof typeof SPEED;
  readonly vendorId: number;
  readonly productId: number;
  readonly bcdDevice: number;
  readonly deviceClass: readonly [number, number, number];
  /** Current bConfigurationValue. */
  readonly configuration: number;
  readonly interfaceClasses: readonly (readonly [number, number, number])[];
}

/** Returns the code of the request. Undefined if the 8-byte header has another version. */
export function decodeOperation(header: Uint8Array): number | undefined {
  return readU16(header, 0) === VERSION ? readU16(header, 2) : undefined;
}

export function encodeOperation(code: number, status: 0 | 1 = 0): Bytes {
  return concat(u16(VERSION), u16(code), u32(status));
}

export function encodeDeviceList(devices: readonly ExportedDevice[]): Bytes {
  const records = devices.map((device) =>
    concat(encodeDevice(device), ...device.interfaceClasses.map((triple) => Uint8Array.of(...triple, 0))),
  );
  return concat(encodeOperation(Operation.replyDeviceList), u32(devices.length), ...records);
}

/**
 * Encodes the reply to an import request.
 * @param device undefined when there is no device with the requested bus id
 */
export function encodeImportReply(device: ExportedDevice | undefined): Bytes {
  if (device === undefined) return encodeOperation(Operation.replyImport, 1);
  return concat(encodeOperation(Operation.replyImport), encodeDevice(device));
}

export function decodeBusId(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return fromAscii(end < 0 ? bytes : bytes.subarray(0, end));
}

export function encodeBusId(busId: string): Bytes {
  return padded(busId, BUS_ID_LENGTH);
}

function encodeDevice(device: ExportedDevice): Bytes {
  const { configuration, interfaceClasses, deviceClass } = device;
  return concat(
    padded(device.path, PATH_LENGTH),
    encodeBusId(device.busId),
    u32(device.busNumber),
    u32(device.deviceNumber),
    u32(SPEED[device.speed]),
    u16(device.vendorId),
    u16(device.productId),
    u16(device.bcdDevice),
    Uint8Array.of(...deviceClass, configuration, 1, interfaceClasses.length),
  );
}

function padded(text: string, length: number): Bytes {
  const bytes = ascii(text);
  if (bytes.length >= length) throw new RangeError(`"${text}" is longer than ${length - 1} bytes`);
  return concat(bytes, new Uint8Array(length - bytes.length));
}

/** Length of the header of a transfer message, in bytes. */
export const HEADER_LENGTH = 48;

const Command = { submit: 1, unlink: 2, submitReply: 3, unlinkReply: 4 } as const;
const SETUP_OFFSET = 40;
const NOT_ISOCHRONOUS = 0xffff_ffff;

/** Values of `status`: 0, or a negative error number of Linux. */
export const Status = { ok: 0, stall: -32, overflow: -75, unlinked: -104 } as const;

export interface Submit {
  readonly command: 'submit';
  readonly seqnum: number;
  /** Bus number and device number, 16 bits each. */
  readonly devid: number;
  readonly direction: 'out' | 'in';
  readonly endpoint: number;
  /** Number of bytes to write, or maximum number to read. */
  readonly length: number;
  /** Setup packet of a control transfer. Used for endpoint 0 only. */
  readonly setup: SetupPacket;
}

export interface Unlink {
  readonly command: 'unlink';
  readonly seqnum: number;
  readonly devid: number;
  /** Seqnum of the Submit to cancel. */
  readonly unlinkSeqnum: number;
}

export interface SubmitReply {
  readonly command: 'submitReply';
  readonly seqnum: number;
  readonly status: number;
  /** Number of bytes written or read. */
  readonly actual: number;
}

export interface UnlinkReply {
  readonly command: 'unlinkReply';
  readonly seqnum: number;
  /**
   * Status.unlinked if the transfer was cancelled; no SubmitReply follows. Status.ok if the
   * transfer had completed before.
   */
  readonly status: number;
}

export type Header = Submit | Unlink | SubmitReply | UnlinkReply;

/**
 * Returns the number of bytes that follow the header of a request. Returns 0 for a SubmitReply,
 * whose payload depends on its Submit.
 */
export function payloadLength(header: Header): number {
  return header.command === 'submit' && header.direction === 'out' ? header.length : 0;
}

export function encodeHeader(header: Header): Bytes {
  const bytes = new Uint8Array(HEADER_LENGTH);
  const put = (offset: number, value: number): void => bytes.set(u32(value >>> 0), offset);
  put(0, Command[header.command]);
  put(4, header.seqnum);
  switch (header.command) {
    case 'submit':
      put(8, header.devid);
      put(12, header.direction === 'in' ? 1 : 0);
      put(16, header.endpoint);
      put(24, header.length);
      put(32, NOT_ISOCHRONOUS);
      bytes.set(encodeSetup(header.setup), SETUP_OFFSET);
      break;
    case 'unlink':
      put(8, header.devid);
      put(20, header.unlinkSeqnum);
      break;
    case 'submitReply':
      put(20, header.status);
      put(24, header.actual);
      put(32, NOT_ISOCHRONOUS);
      break;
    case 'unlinkReply':
      put(20, header.status);
      break;
  }
  return bytes;
}

/** Returns undefined for an unknown command. */
export function decodeHeader(bytes: Uint8Array): Header | undefined {
  const get = (offset: number): number => readU32(bytes, offset);
  const seqnum = get(4);
  switch (get(0)) {
    case Command.submit:
      return {
        command: 'submit',
        seqnum,
        devid: get(8),
        direction: get(12) === 1 ? 'in' : 'out',
        endpoint: get(16),
        length: get(24),
        setup: decodeSetup(bytes.subarray(SETUP_OFFSET, SETUP_OFFSET + SETUP_LENGTH)),
      };
    case Command.unlink:
      return { command: 'unlink', seqnum, devid: get(8), unlinkSeqnum: get(20) };
    case Command.submitReply:
      return { command: 'submitReply', seqnum, status: get(20) | 0, actual: get(24) };
    case Command.unlinkReply:
      return { command: 'unlinkReply', seqnum, status: get(20) | 0 };
    default:
      return undefined;
  }
}
