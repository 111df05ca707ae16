// Reads the devices that the operator has permitted this page to use, with their roles in the device
// profiles and their states at the station.

import { t } from '../../text/t.ts';
import type { DeviceProfile } from '../../transport/device-profiles.ts';
import { findProfile } from '../../transport/device-profiles.ts';
import type { Link, LinkKind, UsbIds } from '../../transport/link.ts';
import { findBulkInterface } from '../../transport/usb-interface.ts';
import { failureOf } from '../common/failure.ts';
import type { Lane } from '../station/lane.svelte.ts';
import type { Access, DeviceFacts, DeviceStatus, InterfaceFacts, UnitIdentity } from './facts.ts';

/** A device, with the objects through which the page can act on it. */
export interface SeenDevice {
  readonly facts: DeviceFacts;
  readonly handle: USBDevice | SerialPort;
  readonly lane: Lane | undefined;
}

export interface DeviceSources {
  readonly usb: USB | undefined;
  readonly serial: Serial | undefined;
  readonly profiles: () => readonly DeviceProfile[];
  /** Whether the permissions policy of the page allows this interface. */
  readonly isAllowed: (kind: LinkKind) => boolean;
  /** The link of the station to this device, if it has one. */
  readonly linkTo: (handle: USBDevice | SerialPort) => Link | undefined;
  readonly lanes: () => readonly Lane[];
}

export interface SeenDevices {
  readonly access: Readonly<Record<LinkKind, Access>>;
  readonly devices: readonly SeenDevice[];
}

export async function readDevices(sources: DeviceSources): Promise<SeenDevices> {
  const { usb, serial } = sources;
  const [devices, ports] = await Promise.all([permitted(usb?.getDevices()), permitted(serial?.getPorts())]);
  const handles = [...(devices ?? []), ...(ports ?? []).filter((port) => port.connected !== false)];
  const access = (kind: LinkKind, api: USB | Serial | undefined, list: unknown): Access => {
    if (api === undefined) return 'absent';
    return list === undefined || !sources.isAllowed(kind) ? 'blocked' : 'available';
  };
  return {
    access: { usb: access('usb', usb, devices), serial: access('serial', serial, ports) },
    devices: handles.map((handle, index) => seen(handle, index + 1, sources)),
  };
}

/** Resolves to undefined if a policy forbids the page to list the devices. */
async function permitted<T>(list: Promise<readonly T[]> | undefined): Promise<readonly T[] | undefined> {
  try {
    return (await list) ?? [];
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return undefined;
  }
}

function seen(handle: USBDevice | SerialPort, id: number, sources: DeviceSources): SeenDevice {
  const link = sources.linkTo(handle);
  const lane = sources.lanes().find((each) => link !== undefined && each.link.id === link.id);
  const own = 'getInfo' in handle ? portFacts(handle, sources.profiles()) : deviceFacts(handle, sources.profiles());
  return { handle, lane, facts: { id, ...own, ...laneFacts(lane) } };
}

type OwnFacts = Omit<DeviceFacts, 'id' | 'status' | 'failure' | 'unit'>;

function deviceFacts(device: USBDevice, profiles: readonly DeviceProfile[]): OwnFacts {
  const ids = { vendorId: device.vendorId, productId: device.productId };
  const found = profileOf(profiles, 'usb', ids);
  return {
    link: 'usb',
    label: device.productName || t`USB device`,
    ids,
    usbSerialNumber: device.serialNumber || undefined,
    interfaces: device.configurations.flatMap(({ interfaces }) => interfaces.flatMap(interfaceFacts)),
    role: found?.role ?? 'unknown',
    profile: found?.profile.name,
    isListed: found !== undefined,
    obstacle: obstacleOf(device),
  };
}

function interfaceFacts({ interfaceNumber, alternates }: USBInterface): InterfaceFacts[] {
  return alternates.map(({ alternateSetting, interfaceClass, interfaceSubclass, interfaceProtocol }) => ({
    number: interfaceNumber,
    alternate: alternateSetting,
    codes: [interfaceClass, interfaceSubclass, interfaceProtocol],
  }));
}

function obstacleOf(device: USBDevice): DeviceFacts['obstacle'] {
  try {
    findBulkInterface(device);
    return undefined;
  } catch (error) {
    return failureOf(error).code === 'protected-class' ? 'protected-class' : 'no-interface';
  }
}

function portFacts(port: SerialPort, profiles: readonly DeviceProfile[]): OwnFacts {
  const { usbVendorId, usbProductId } = port.getInfo();
  const ids =
    usbVendorId === undefined || usbProductId === undefined
      ? undefined
      : { vendorId: usbVendorId, productId: usbProductId };
  const found = profileOf(profiles, 'serial', ids);
  const settings = found?.profile.serial;
  return {
    link: 'serial',
    label: t`Serial port`,
    ids,
    interfaces: [],
    role: found?.role ?? 'unknown',
    profile: found?.profile.name,
    isListed: found?.profile.ids !== undefined,
    ...(settings && { serial: { baudRate: settings.baudRate, parity: settings.parity, edc: settings.edc } }),
  };
}

function profileOf(
  profiles: readonly DeviceProfile[],
  kind: LinkKind,
  ids: UsbIds | undefined,
): { readonly profile: DeviceProfile; readonly role: 'unit' | 'token' } | undefined {
  for (const role of ['unit', 'token'] as const) {
    const profile = findProfile(profiles, kind, ids, role);
    if (profile) return { profile, role };
  }
  return undefined;
}

const STATUS: Readonly<Record<Lane['phase']['is'], DeviceStatus>> = {
  reading: 'reading',
  away: 'unused',
  unread: 'unread',
  ready: 'ready',
  running: 'loading',
  settling: 'loading',
  done: 'done',
  failed: 'not-loaded',
  unverified: 'unconfirmed',
  unknown: 'unconfirmed',
};

function laneFacts(lane: Lane | undefined): Pick<DeviceFacts, 'status' | 'failure' | 'unit'> {
  if (lane === undefined) return { status: 'unused' };
  const { phase, facts } = lane;
  return {
    status: STATUS[phase.is],
    ...('failure' in phase ? { failure: phase.failure } : {}),
    ...(facts ? { unit: identityOf(facts) } : {}),
  };
}

function identityOf({ sn, set, tkv, lifecycle, firmware, suites, tries }: UnitIdentity): UnitIdentity {
  return { sn, set, tkv, lifecycle, firmware, suites, tries };
}
