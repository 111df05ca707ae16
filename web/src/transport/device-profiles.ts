// A device profile has the USB ids of a device and the settings of its link (docs/protocol.md
// clause 5). A site can add profiles. The page reads USB interfaces and endpoints from the
// descriptors of the device, not from a profile.
import type { Edc } from '#protocol/framing/edc.ts';
import { t } from '../text/t.ts';
import type { LinkKind, UsbIds } from './link.ts';

export interface SerialSettings {
  readonly baudRate: number;
  readonly parity: 'none' | 'even' | 'odd';
  /** Error detection code of a block: CRC-16, or LRC for older units. */
  readonly edc: Edc;
  /**
   * Block waiting time in ms (ISO/IEC 7816-3 clause 11.4.3). Must be well above 16 ms, the time by
   * which a USB-to-serial adapter may delay bytes.
   */
  readonly bwtMs: number;
}

export interface UsbSettings {
  /** Block waiting time in ms: maximum silence of the unit before it requests more time. */
  readonly bwtMs: number;
}

/** A unit imports keys, an AS token exports them. */
export type DeviceRole = 'unit' | 'token';

export interface DeviceProfile {
  /** Default: unit. */
  readonly role?: DeviceRole;
  /** Label for the operator, if the device has no product name. */
  readonly name: string;
  /** If absent, the profile matches every device that no other profile names. */
  readonly ids?: UsbIds;
  /** Present if the unit has a vendor interface for WebUSB. */
  readonly usb?: UsbSettings;
  /** Present if the unit has a serial port, built in (CDC-ACM) or through an adapter. */
  readonly serial?: SerialSettings;
}

const SERIAL: SerialSettings = { baudRate: 115_200, parity: 'none', edc: 'crc', bwtMs: 1000 };

export const PROFILES: readonly DeviceProfile[] = [
  {
    name: t`Keyferry unit`,
    ids: { vendorId: 0x1209, productId: 0x0001 },
    usb: { bwtMs: 1000 },
    serial: SERIAL,
  },
  {
    role: 'token',
    name: t`AS token card`,
    ids: { vendorId: 0x1209, productId: 0x0002 },
    usb: { bwtMs: 1000 },
    serial: SERIAL,
  },
  // A unit behind a USB-to-serial adapter appears with the adapter's ids.
  { name: t`Serial unit`, serial: SERIAL },
];

/**
 * Profile of a USB device that the operator chose and that matches no other profile. The
 * descriptors of the device show whether it can be a unit.
 */
export const OTHER_USB: DeviceProfile = { name: t`USB device`, usb: { bwtMs: 1000 } };

/**
 * Returns the profile with these ids, or else the profile without ids. Returns undefined if that
 * profile has another role. A token thus never gets the profile without ids, which is for units.
 */
export function findProfile(
  profiles: readonly DeviceProfile[],
  kind: LinkKind,
  ids: UsbIds | undefined,
  role: DeviceRole = 'unit',
): DeviceProfile | undefined {
  const ofKind = profiles.filter((profile) => profile[kind] !== undefined);
  const named = ofKind.find(
    (profile) =>
      profile.ids !== undefined && profile.ids.vendorId === ids?.vendorId && profile.ids.productId === ids?.productId,
  );
  const found = named ?? ofKind.find((profile) => profile.ids === undefined);
  return found !== undefined && roleOf(found) === role ? found : undefined;
}

/**
 * Returns the filters for the chooser: the ids of all profiles with this kind and role. Returns []
 * (no filter) if one of these profiles has no ids and so matches every device.
 */
export function chooserFilters(
  profiles: readonly DeviceProfile[],
  kind: LinkKind,
  role: DeviceRole = 'unit',
): readonly UsbIds[] {
  const ofKind = profiles.filter((profile) => profile[kind] !== undefined && roleOf(profile) === role);
  if (ofKind.some((profile) => profile.ids === undefined)) return [];
  return ofKind.flatMap((profile) => profile.ids ?? []);
}

function roleOf({ role = 'unit' }: DeviceProfile): DeviceRole {
  return role;
}
