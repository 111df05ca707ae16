// Encodes the descriptors of a unit (USB 2.0 clause 9.6, CDC 1.2 with PSTN 1.2, CCID 1.1 clause
// 5.1) from the objects that device-sim passes to a page.
import {
  CDC_CONTROL_INTERFACE,
  CDC_DATA_INTERFACE,
  CLASS_COMMUNICATIONS,
  deviceClass,
  MANUFACTURER,
  unitConfiguration,
  VENDOR_ID,
} from '#device-sim/browser/usb-descriptors.ts';
import { CLASS_SMART_CARD, type Unit } from '#device-sim/unit/unit.ts';
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';
import { le16, utf16le } from './little-endian.ts';
import { encodeBinaryObjectStore } from './platform-capabilities.ts';
import { DescriptorType } from './setup-packet.ts';
import { encodeSmartCardDescriptor, type ReaderLevel } from './smart-card-class.ts';

const BCD_USB = 0x0210;
const BCD_DEVICE = 0x0100;
const CONTROL_PACKET_SIZE = 64;
/** Bulk packet size of a high-speed device. Full-speed devices have smaller packets. */
const HIGH_SPEED_PACKET_SIZE = 512;
const BUS_POWERED = 0x80;
/** bMaxPower, in units of 2 mA. */
const MAX_POWER = 50;
/**
 * bInterval for polling every 16 ms: 2^(8 - 1) microframes at high speed, 16 frames at full speed.
 */
const POLLING_INTERVAL = { high: 8, full: 16 } as const;
const ENGLISH_US = 0x0409;
const ENDPOINT_TYPE = { isochronous: 1, bulk: 2, interrupt: 3 } as const;

export type Speed = 'full' | 'high';

/** The responses to GET_DESCRIPTOR, and the values that a bus shows in its list of devices. */
export interface DescriptorSet {
  readonly speed: Speed;
  readonly vendorId: number;
  readonly productId: number;
  readonly bcdDevice: number;
  /** bDeviceClass, bDeviceSubClass, bDeviceProtocol. */
  readonly deviceClass: readonly [number, number, number];
  readonly configurationObject: USBConfiguration;
  readonly device: Bytes;
  readonly configuration: Bytes;
  /** Undefined in a full-speed device. */
  readonly qualifier: Bytes | undefined;
  readonly binaryObjectStore: Bytes;
  /** String descriptors by index. Index 0 is the list of languages. */
  readonly strings: readonly Bytes[];
}

/** @throws RangeError for a unit without a USB link */
export function describeUnit(unit: Unit, readerLevel: ReaderLevel): DescriptorSet {
  const { links, usb, name } = unit.options;
  if (!links.includes('usb')) throw new RangeError('the unit has no USB link');
  const withSerial = links.includes('serial');
  const configurationObject = unitConfiguration({
    interfaceClass: usb.interfaceClass,
    withSerial,
    packetSize: usb.packetSize,
    isClaimed: () => false,
  });
  const speed = usb.packetSize >= HIGH_SPEED_PACKET_SIZE ? 'high' : 'full';
  const classCodes = deviceClass(withSerial);
  const serialNumberIndex = usb.hasSerialNumber ? 3 : 0;
  return {
    speed,
    vendorId: VENDOR_ID,
    productId: usb.productId,
    bcdDevice: BCD_DEVICE,
    deviceClass: classCodes,
    configurationObject,
    device: encodeDevice(usb.productId, classCodes, serialNumberIndex),
    configuration: encodeConfiguration(configurationObject, speed, readerLevel),
    qualifier: speed === 'high' ? encodeQualifier(classCodes) : undefined,
    binaryObjectStore: encodeBinaryObjectStore(usb.interfaceClass !== CLASS_SMART_CARD, withSerial),
    strings: [
      concat(4, DescriptorType.string, Uint8Array.of(...le16(ENGLISH_US))),
      ...[MANUFACTURER, name, ...(usb.hasSerialNumber ? [unit.sn] : [])].map(encodeString),
    ],
  };
}

function encodeDevice(
  productId: number,
  classCodes: readonly [number, number, number],
  serialNumberIndex: number,
): Bytes {
  return descriptor(
    DescriptorType.device,
    ...le16(BCD_USB),
    ...classCodes,
    CONTROL_PACKET_SIZE,
    ...le16(VENDOR_ID),
    ...le16(productId),
    ...le16(BCD_DEVICE),
    1,
    2,
    serialNumberIndex,
    1,
  );
}

/**
 * Encodes the device qualifier, which describes the device at its other speed. The values are the
 * same at both speeds.
 */
function encodeQualifier(classCodes: readonly [number, number, number]): Bytes {
  return descriptor(DescriptorType.deviceQualifier, ...le16(BCD_USB), ...classCodes, CONTROL_PACKET_SIZE, 1, 0);
}

function encodeConfiguration(configuration: USBConfiguration, speed: Speed, readerLevel: ReaderLevel): Bytes {
  const { interfaces, configurationValue } = configuration;
  const body = concat(...interfaces.map((found) => encodeInterface(found, speed, readerLevel)));
  const head = [...le16(9 + body.length), interfaces.length, configurationValue, 0, BUS_POWERED, MAX_POWER];
  return concat(descriptor(DescriptorType.configuration, ...head), body);
}

function encodeInterface({ interfaceNumber, alternate }: USBInterface, speed: Speed, level: ReaderLevel): Bytes {
  const { interfaceClass, interfaceSubclass, interfaceProtocol, alternateSetting, endpoints } = alternate;
  const triple = [interfaceClass, interfaceSubclass, interfaceProtocol];
  const association = descriptor(DescriptorType.interfaceAssociation, interfaceNumber, 2, ...triple, 0);
  return concat(
    ...(interfaceClass === CLASS_COMMUNICATIONS ? [association] : []),
    descriptor(DescriptorType.interface, interfaceNumber, alternateSetting, endpoints.length, ...triple, 0),
    ...classDescriptors(interfaceClass, level),
    ...endpoints.map((endpoint) => encodeEndpoint(endpoint, speed)),
  );
}

function classDescriptors(interfaceClass: number, level: ReaderLevel): readonly Bytes[] {
  if (interfaceClass === CLASS_SMART_CARD) return [encodeSmartCardDescriptor(level)];
  return interfaceClass === CLASS_COMMUNICATIONS ? FUNCTIONAL_DESCRIPTORS : [];
}

function encodeEndpoint({ endpointNumber, direction, type, packetSize }: USBEndpoint, speed: Speed): Bytes {
  const address = endpointNumber | (direction === 'in' ? 0x80 : 0x00);
  const interval = type === 'interrupt' ? POLLING_INTERVAL[speed] : 0;
  return descriptor(DescriptorType.endpoint, address, ENDPOINT_TYPE[type], ...le16(packetSize), interval);
}

/**
 * The four functional descriptors of CDC 1.2 clause 5.2.3: header; call management; ACM, with line
 * requests and SEND_BREAK; union.
 */
const FUNCTIONAL_DESCRIPTORS = [
  descriptor(DescriptorType.classInterface, 0x00, ...le16(0x0110)),
  descriptor(DescriptorType.classInterface, 0x01, 0x00, CDC_DATA_INTERFACE),
  descriptor(DescriptorType.classInterface, 0x02, 0x06),
  descriptor(DescriptorType.classInterface, 0x06, CDC_CONTROL_INTERFACE, CDC_DATA_INTERFACE),
];

function encodeString(text: string): Bytes {
  return descriptor(DescriptorType.string, ...utf16le(text));
}

function descriptor(type: number, ...content: number[]): Bytes {
  return concat(2 + content.length, type, Uint8Array.from(content));
}
