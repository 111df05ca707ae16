// The descriptors of a simulated unit (docs/protocol.md clause 5): an interface of vendor class FF with two bulk endpoints for CCID
// messages, and for a unit that is a serial port too, the two interfaces of CDC-ACM. Plain objects in the types of WebUSB.

/** The range that pid.codes keeps for private tests. */
export const VENDOR_ID = 0x1209;
export const PRODUCT_ID = 0x0001;
export const TOKEN_PRODUCT_ID = 0x0002;

const CLASS_CDC_CONTROL = 0x02;
const CLASS_CDC_DATA = 0x0a;

/** Endpoint numbers of the CCID interface; they differ on purpose, a page must read them from the descriptors. */
export const CCID_IN = 1;
export const CCID_OUT = 2;
export const CCID_INTERFACE = 0;

export interface DescriptorOptions {
  readonly interfaceClass: number;
  /** CDC-ACM beside it. */
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
      build(1, [CLASS_CDC_CONTROL, 0x02], [{ endpointNumber: 3, direction: 'in', type: 'interrupt', packetSize: 16 }]),
      build(
        2,
        [CLASS_CDC_DATA, 0x00],
        [
          { endpointNumber: 4, direction: 'in', type: 'bulk', packetSize },
          { endpointNumber: 4, direction: 'out', type: 'bulk', packetSize },
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

/** WebUSB clause 4: a device matches a filter when all that the filter names is so, of the device or of one of its interfaces. */
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
