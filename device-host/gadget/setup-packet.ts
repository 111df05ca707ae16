// The setup packet of a control transfer (USB 2.0 clause 9.3), and the codes of the standard
// requests and descriptor types (clause 9.4).
import { type Bytes, requireLength } from '#protocol/bytes/bytes.ts';
import { le16 } from './little-endian.ts';

export interface SetupPacket {
  /** bmRequestType. */
  readonly requestType: number;
  /** bRequest. */
  readonly request: number;
  /** wValue. */
  readonly value: number;
  /** wIndex. */
  readonly index: number;
  /** wLength. */
  readonly length: number;
}

export const SETUP_LENGTH = 8;

export const RequestType = {
  deviceOut: 0x00,
  interfaceOut: 0x01,
  endpointOut: 0x02,
  deviceIn: 0x80,
  interfaceIn: 0x81,
  endpointIn: 0x82,
  classInterfaceOut: 0x21,
  classInterfaceIn: 0xa1,
  vendorDeviceIn: 0xc0,
} as const;

export const StandardRequest = {
  getStatus: 0x00,
  clearFeature: 0x01,
  setFeature: 0x03,
  setAddress: 0x05,
  getDescriptor: 0x06,
  getConfiguration: 0x08,
  setConfiguration: 0x09,
  getInterface: 0x0a,
  setInterface: 0x0b,
} as const;

export const DescriptorType = {
  device: 0x01,
  configuration: 0x02,
  string: 0x03,
  interface: 0x04,
  endpoint: 0x05,
  deviceQualifier: 0x06,
  otherSpeedConfiguration: 0x07,
  interfaceAssociation: 0x0b,
  binaryObjectStore: 0x0f,
  deviceCapability: 0x10,
  smartCard: 0x21,
  classInterface: 0x24,
} as const;

/** Feature selector ENDPOINT_HALT. */
export const ENDPOINT_HALT = 0x00;

/** @throws RangeError when the packet does not have 8 bytes */
export function decodeSetup(bytes: Uint8Array): SetupPacket {
  requireLength('setup', bytes, SETUP_LENGTH);
  const [requestType = 0, request = 0, v0 = 0, v1 = 0, i0 = 0, i1 = 0, l0 = 0, l1 = 0] = bytes;
  return { requestType, request, value: v0 | (v1 << 8), index: i0 | (i1 << 8), length: l0 | (l1 << 8) };
}

export function encodeSetup({ requestType, request, value, index, length }: SetupPacket): Bytes {
  return Uint8Array.of(requestType, request, ...le16(value), ...le16(index), ...le16(length));
}

export const isIn = ({ requestType }: SetupPacket): boolean => (requestType & 0x80) !== 0;
