// Device profiles as data: how a unit is recognised and how its line is driven (docs/protocol.md clause 5). A site can add its own.
// USB interfaces and endpoints are not named here: they are read from the descriptors. Knows no browser object.
import type { Edc } from '#protocol/framing/edc.ts';
import type { LinkKind, UsbIds } from './link.ts';

export interface SerialSettings {
  readonly baudRate: number;
  readonly parity: 'none' | 'even' | 'odd';
  /** Error detection code of a block: CRC-16, or LRC for older units. */
  readonly edc: Edc;
  /** Block waiting time (ISO/IEC 7816-3 clause 11.4.3), well above an adapter's latency of 16 ms. */
  readonly bwtMs: number;
}

export interface UsbSettings {
  /** How long the unit may be silent before it asks for more time. */
  readonly bwtMs: number;
}

/** What stands at the other end: a unit that takes keys, or an AS token that gives them. */
export type DeviceRole = 'unit' | 'token';

export interface DeviceProfile {
  /** A unit unless said. */
  readonly role?: DeviceRole;
  /** For the operator, where the unit itself gives no product name. */
  readonly name: string;
  /** Absent: every device that no other profile names. */
  readonly ids?: UsbIds;
  /** Present: the unit has a vendor interface for WebUSB. */
  readonly usb?: UsbSettings;
  /** Present: the unit has a serial line, its own CDC-ACM one or behind an adapter. */
  readonly serial?: SerialSettings;
}

const SERIAL: SerialSettings = { baudRate: 115_200, parity: 'none', edc: 'crc', bwtMs: 1000 };

export const PROFILES: readonly DeviceProfile[] = [
  {
    name: 'Keyferry unit',
    ids: { vendorId: 0x1209, productId: 0x0001 },
    usb: { bwtMs: 1000 },
    serial: SERIAL,
  },
  {
    role: 'token',
    name: 'AS token card',
    ids: { vendorId: 0x1209, productId: 0x0002 },
    usb: { bwtMs: 1000 },
    serial: SERIAL,
  },
  // A unit behind a USB-to-serial adapter has the adapter's ids.
  { name: 'Serial unit', serial: SERIAL },
];

/** For a USB device that no profile names and that was chosen all the same: its descriptors say whether it can be a unit. */
export const OTHER_USB: DeviceProfile = { name: 'USB device', usb: { bwtMs: 1000 } };

/**
 * The profile for a device with these ids on a link of this kind: one that names them, else the one for every other device. None where
 * the one that names them is of the other role: a token is never taken for a unit behind an adapter.
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

/** What the chooser is to show: the ids of the profiles of this kind, or everything ([]) when one of them fits every device. */
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
