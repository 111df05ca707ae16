// Finds the vendor interface (class FF) of a unit in its descriptors, before the device is opened.
// Browsers reserve class 0B for the operating system (docs/protocol.md clause 5).
import { ProtocolError } from '#protocol/errors.ts';

const VENDOR_CLASS = 0xff;
/** Smart card (CCID). The browser refuses to claim it, because PC/SC uses it. */
const SMART_CARD_CLASS = 0x0b;

export interface BulkInterface {
  readonly configurationValue: number;
  readonly interfaceNumber: number;
  readonly alternateSetting: number;
  readonly bulkIn: { readonly endpointNumber: number; readonly packetSize: number };
  readonly bulkOut: { readonly endpointNumber: number };
}

/**
 * Returns the first vendor interface with a bulk endpoint in each direction.
 * @throws ProtocolError protected-class, no-interface
 */
export function findBulkInterface(device: USBDevice): BulkInterface {
  let smartCard = device.deviceClass === SMART_CARD_CLASS;
  for (const configuration of device.configurations) {
    for (const { interfaceNumber, alternates } of configuration.interfaces) {
      for (const alternate of alternates) {
        if (alternate.interfaceClass === SMART_CARD_CLASS) smartCard = true;
        if (alternate.interfaceClass !== VENDOR_CLASS) continue;
        const bulk = alternate.endpoints.filter((endpoint) => endpoint.type === 'bulk');
        const bulkIn = bulk.find((endpoint) => endpoint.direction === 'in');
        const bulkOut = bulk.find((endpoint) => endpoint.direction === 'out');
        if (bulkIn && bulkOut) {
          const { configurationValue } = configuration;
          const { alternateSetting } = alternate;
          return { configurationValue, interfaceNumber, alternateSetting, bulkIn, bulkOut };
        }
      }
    }
  }
  throw smartCard
    ? new ProtocolError('protected-class', 'the device has a smart card interface (class 0B) and no vendor interface')
    : new ProtocolError('no-interface', 'the device has no vendor interface with a bulk endpoint each way');
}
