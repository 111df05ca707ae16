// The USB descriptors of a simulated unit as WebUSB objects (docs/protocol.md clause 5). A unit has
// an interface, usually of vendor class FF, with two bulk endpoints for CCID messages. A unit with
// a serial link also has the two CDC-ACM interfaces. device-host/gadget encodes the same objects
// for a real host.

/** Vendor id of pid.codes, which reserves the product ids 0001 and 0002 for private tests. */
export const VENDOR_ID = 0x1209;
export const PRODUCT_ID = 0x0001;
export const TOKEN_PRODUCT_ID = 0x0002;
/** Ids of a common USB-to-serial adapter (FTDI FT232R). */
export const ADAPTER_IDS = { usbVendorId: 0x0403, usbProductId: 0x6001 } as const;
export const MANUFACTURER = 'Keyferry (simulated)';

/** Class of the CDC control interface. */
export const CLASS_COMMUNICATIONS = 0x02;
const CLASS_CDC_DATA = 0x0a;

export const CCID_INTERFACE = 0;
export const CDC_CONTROL_INTERFACE = 1;
export const CDC_DATA_INTERFACE = 2;

/**
 * Endpoint numbers for CCID messages. IN and OUT have different numbers, so that a page must read
 * them from the descriptors.
 */
export const CCID_IN = 1;
export const CCID_OUT = 2;
/** Endpoint number of CDC notifications. */
export const NOTIFICATION_IN = 3;
/** Endpoint number of CDC data, in both directions. */
export const CDC_DATA = 4;

/** Returns bDeviceClass, bDeviceSubClass and bDeviceProtocol of a unit. */
export function deviceClass(withSerial: boolean): readonly [number, number, number] {
  // A composite device with an interface association uses EF 02 01 (USB ECN IAD).
  return withSerial ? [0xef, 0x02, 0x01] : [0, 0, 0];
}

export interface DescriptorOptions {
  readonly interfaceClass: number;
  /** Whether to add the CDC-ACM interfaces. */
  readonly withSerial: boolean;
  /** wMaxPacketSize of the bulk endpoints. */
  readonly packetSize: number;
  readonly isClaimed: (interfaceNumber: number) => boolean;
}

export function unitConfiguration(options: DescriptorOptions): USBConfiguration {
  const { interfaceClass, withSerial, packetSize, isClaimed } = options;
  const build = (interfaceNumber: number, [code, subclass]: [number, number], endpoints: USBEndpoint[]) =>
    unitInterface({ interfaceNumber, code, subclass, endpoints, isClaimed });
  const interfaces = [
    build(
      CCID_INTERFACE,
      [interfaceClass, 0x00],
      [
        { endpointNumber: CCID_IN, direction: 'in', type: 'bulk', packetSize },
        { endpointNumber: CCID_OUT, direction: 'out', type: 'bulk', packetSize },
      ],
    ),
  ];
  if (withSerial) {
    interfaces.push(
      build(
        CDC_CONTROL_INTERFACE,
        [CLASS_COMMUNICATIONS, 0x02],
        [{ endpointNumber: NOTIFICATION_IN, direction: 'in', type: 'interrupt', packetSize: 16 }],
      ),
      build(
        CDC_DATA_INTERFACE,
        [CLASS_CDC_DATA, 0x00],
        [
          { endpointNumber: CDC_DATA, direction: 'in', type: 'bulk', packetSize },
          { endpointNumber: CDC_DATA, direction: 'out', type: 'bulk', packetSize },
        ],
      ),
    );
  }
  return { configurationValue: 1, configurationName: null, interfaces };
}

interface InterfaceOptions {
  readonly interfaceNumber: number;
  readonly code: number;
  readonly subclass: number;
  readonly endpoints: USBEndpoint[];
  readonly isClaimed: (interfaceNumber: number) => boolean;
}

function unitInterface({ interfaceNumber, code, subclass, endpoints, isClaimed }: InterfaceOptions): USBInterface {
  const alternate: USBAlternateInterface = {
    alternateSetting: 0,
    interfaceClass: code,
    interfaceSubclass: subclass,
    interfaceProtocol: 0x00,
    interfaceName: null,
    endpoints,
  };
  return {
    interfaceNumber,
    alternate,
    alternates: [alternate],
    get claimed() {
      return isClaimed(interfaceNumber);
    },
  };
}

/**
 * Whether the device matches every value of the filter. The class values may match the device or
 * one of its interfaces (WebUSB clause 4).
 */
export function matchesFilter(device: USBDevice, filter: USBDeviceFilter): boolean {
  if (filter.vendorId !== undefined && filter.vendorId !== device.vendorId) return false;
  if (filter.productId !== undefined && filter.productId !== device.productId) return false;
  if (filter.serialNumber !== undefined && filter.serialNumber !== device.serialNumber) return false;
  if (filter.classCode === undefined) return true;
  const triples: (readonly [number, number, number])[] = [
    [device.deviceClass, device.deviceSubclass, device.deviceProtocol],
  ];
  for (const { alternate } of device.configurations.flatMap(({ interfaces }) => interfaces)) {
    triples.push([alternate.interfaceClass, alternate.interfaceSubclass, alternate.interfaceProtocol]);
  }
  const { classCode, subclassCode, protocolCode } = filter;
  return triples.some(
    ([code, subclass, protocol]) =>
      code === classCode &&
      (subclassCode === undefined || subclassCode === subclass) &&
      (protocolCode === undefined || protocolCode === protocol),
  );
}
