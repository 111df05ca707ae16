// Encodes the descriptors with which a unit announces WebUSB (clause 11.1) and Microsoft OS 2.0:
// the binary object store, the URL of the landing page and the MS OS 2.0 descriptor set.
import { type Bytes, concat } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { le16, utf16le } from './little-endian.ts';
import { DescriptorType } from './setup-packet.ts';

/** bRequest of the vendor requests for the WebUSB URL and for the MS OS 2.0 descriptors. */
export const WEBUSB_VENDOR_CODE = 0x01;
export const MS_OS_VENDOR_CODE = 0x02;
/** wIndex of the vendor requests GET_URL and MS_OS_20_DESCRIPTOR_INDEX. */
export const WEBUSB_GET_URL = 0x02;
export const MS_OS_DESCRIPTOR_INDEX = 0x07;
export const LANDING_PAGE = 0x01;

const PLATFORM = 0x05;
/**
 * UUIDs 3408B638-09A9-47A0-8BFD-A0768815B665 and D8DD60DF-4589-4CC7-9CD2-659D9E648A9F, with their
 * bytes in the sequence in which USB sends them.
 */
const WEBUSB_UUID = fromHex('38B6 0834 A909 A047 8BFD A076 8815 B665');
const MS_OS_UUID = fromHex('DF60 DDD8 8945 C74C 9CD2 659D 9E64 8A9F');
/** Windows 8.1, the first version that reads the descriptor set. */
const NTDDI_WINBLUE = [0x00, 0x00, 0x03, 0x06];
const URL_SCHEMES = ['http://', 'https://'] as const;
const URL_DESCRIPTOR = 0x03;
const REG_MULTI_SZ = 0x07;
/** Windows programs find the vendor interface by this GUID, which was generated for Keyferry. */
const INTERFACE_GUID = '{6E3B7C1A-5D0F-4E52-9A48-0B7C51F2D9E3}';

/** @param hasVendorInterface whether to add the capabilities of WebUSB and WinUSB */
export function encodeBinaryObjectStore(hasVendorInterface: boolean, isComposite: boolean): Bytes {
  const setLength = encodeMsOsDescriptorSet(isComposite).length;
  const capabilities = hasVendorInterface
    ? [
        capability(WEBUSB_UUID, ...le16(0x0100), WEBUSB_VENDOR_CODE, LANDING_PAGE),
        capability(MS_OS_UUID, ...NTDDI_WINBLUE, ...le16(setLength), MS_OS_VENDOR_CODE, 0),
      ]
    : [];
  const length = capabilities.reduce((sum, { length }) => sum + length, 5);
  return concat(
    Uint8Array.of(5, DescriptorType.binaryObjectStore, ...le16(length), capabilities.length),
    ...capabilities,
  );
}

function capability(uuid: Bytes, ...content: number[]): Bytes {
  const data = Uint8Array.from(content);
  return concat(4 + uuid.length + data.length, DescriptorType.deviceCapability, PLATFORM, 0, uuid, data);
}

/**
 * Encodes a URL descriptor (WebUSB clause 11.3.1).
 * @throws RangeError when the URL is neither http nor https, or too long
 */
export function encodeUrl(url: string): Bytes {
  const scheme = URL_SCHEMES.findIndex((prefix) => url.startsWith(prefix));
  const prefix = URL_SCHEMES[scheme];
  if (prefix === undefined) throw new RangeError(`${url} is neither http nor https`);
  const rest = ascii(url.slice(prefix.length));
  return concat(3 + rest.length, URL_DESCRIPTOR, scheme, rest);
}

/**
 * Encodes the descriptor set that makes Windows load WinUSB for the vendor interface, so that no
 * driver is installed by hand.
 */
export function encodeMsOsDescriptorSet(isComposite: boolean): Bytes {
  const compatibleId = concat(Uint8Array.of(...le16(20), ...le16(3)), ascii('WINUSB\0\0'), new Uint8Array(8));
  const features = concat(compatibleId, registryProperty('DeviceInterfaceGUIDs', `${INTERFACE_GUID}\0`));
  const content = isComposite ? subset(1, 0, subset(2, 0, features)) : features;
  const head = Uint8Array.of(...le16(10), ...le16(0), ...NTDDI_WINBLUE, ...le16(10 + content.length));
  return concat(head, content);
}

/**
 * Encodes the subset of a configuration (type 1, by index) or of a function (type 2, by its first
 * interface).
 */
function subset(type: 1 | 2, number: number, content: Bytes): Bytes {
  return concat(Uint8Array.of(...le16(8), ...le16(type), number, 0, ...le16(8 + content.length)), content);
}

function registryProperty(name: string, value: string): Bytes {
  const [nameBytes, valueBytes] = [utf16le(`${name}\0`), utf16le(`${value}\0`)];
  const length = 10 + nameBytes.length + valueBytes.length;
  return concat(
    Uint8Array.of(...le16(length), ...le16(4), ...le16(REG_MULTI_SZ), ...le16(nameBytes.length)),
    nameBytes,
    Uint8Array.of(...le16(valueBytes.length)),
    valueBytes,
  );
}
