// The devices that the operator has permitted, with their profiles and their states at the station.
import { describe, expect, it } from 'vitest';
import { type DeviceSources, readDevices } from '#web/state/help/read-devices.ts';
import type { Lane } from '#web/state/station/lane.svelte.ts';
import { PROFILES } from '#web/transport/device-profiles.ts';
import type { Link } from '#web/transport/link.ts';
import { FakeDevice, usbInterface } from '../../transport/fakes.ts';

const UNIT_IDS = { usbVendorId: 0x1209, usbProductId: 0x0001 };

const portOf = (info: SerialPortInfo, connected?: boolean): SerialPort =>
  ({ getInfo: () => info, ...(connected === undefined ? {} : { connected }) }) as unknown as SerialPort;

const sourcesOf = (
  devices: readonly unknown[],
  ports: readonly SerialPort[] = [],
  more: Partial<DeviceSources> = {},
): DeviceSources => ({
  usb: { getDevices: async () => devices } as unknown as USB,
  serial: { getPorts: async () => ports } as unknown as Serial,
  profiles: () => PROFILES,
  isAllowed: () => true,
  linkTo: () => undefined,
  lanes: () => [],
  ...more,
});

const factsOf = async (...args: Parameters<typeof sourcesOf>) =>
  (await readDevices(sourcesOf(...args))).devices.map(({ facts }) => facts);

function deviceWith(values: object, ...interfaces: USBInterface[]): FakeDevice {
  const [first = usbInterface(0xff), ...others] = interfaces;
  const device = new FakeDevice(first);
  if (others.length > 0) Object.assign(device, { configurations: [{ interfaces: [first, ...others] }] });
  return Object.assign(device, values);
}

describe('a USB device', () => {
  it('has the names, ids and interfaces of its descriptors, and the role of its profile', async () => {
    const unit = deviceWith({ vendorId: 0x1209, productId: 0x0001, productName: 'Unit', serialNumber: 'A1' });
    const token = deviceWith({ vendorId: 0x1209, productId: 0x0002, productName: '', serialNumber: '' });
    const other = deviceWith({ vendorId: 0x0a5f, productId: 0x00d3 }, usbInterface(0x07, { number: 3 }));
    expect(await factsOf([unit, token, other])).toMatchObject([
      { id: 1, link: 'usb', label: 'Unit', usbSerialNumber: 'A1', role: 'unit', isListed: true, status: 'unused' },
      { id: 2, link: 'usb', label: 'USB device', usbSerialNumber: undefined, role: 'token', isListed: true },
      {
        ...{ id: 3, ids: { vendorId: 0x0a5f, productId: 0x00d3 }, role: 'unknown', isListed: false },
        interfaces: [{ number: 3, alternate: 0, codes: [0x07, 0, 0] }],
      },
    ]);
  });

  it('cannot be opened with a protected class, or without a suitable interface', async () => {
    const found = await factsOf([
      deviceWith({}, usbInterface(0xff)),
      deviceWith({}, usbInterface(0x0b)),
      deviceWith({}, usbInterface(0x07)),
    ]);
    expect(found.map(({ obstacle }) => obstacle)).toEqual([undefined, 'protected-class', 'no-interface']);
  });
});

describe('a serial port', () => {
  it('has the ids of its adapter, the role and the settings of its profile', async () => {
    const serial = { baudRate: 115_200, parity: 'none', edc: 'crc' };
    const ports = [
      portOf(UNIT_IDS),
      portOf({ usbVendorId: 0x1209, usbProductId: 0x0002 }),
      portOf({ usbVendorId: 0x0403, usbProductId: 0x6001 }),
      portOf({}),
      portOf({ usbVendorId: 0x1209 }),
    ];
    expect(await factsOf([], ports)).toEqual([
      {
        ...{
          id: 1,
          link: 'serial',
          label: 'Serial port',
          ids: { vendorId: 0x1209, productId: 0x0001 },
          interfaces: [],
        },
        ...{ role: 'unit', isListed: true, profile: 'Keyferry unit', serial, status: 'unused' },
      },
      expect.objectContaining({ id: 2, role: 'token', isListed: true, serial }),
      expect.objectContaining({ id: 3, ids: { vendorId: 0x0403, productId: 0x6001 }, role: 'unit', isListed: false }),
      expect.objectContaining({ id: 4, ids: undefined, role: 'unit', isListed: false, serial }),
      expect.objectContaining({ id: 5, ids: undefined }),
    ]);
  });

  it('has no role and no settings if no profile is for serial ports', async () => {
    const [port] = await factsOf([], [portOf(UNIT_IDS)], { profiles: () => [] });
    expect(port).toMatchObject({ role: 'unknown', isListed: false });
    expect(port).not.toHaveProperty('serial');
  });

  it('is left out while its device is unplugged, as Firefox and Chrome report it', async () => {
    const found = await factsOf([], [portOf(UNIT_IDS, false), portOf(UNIT_IDS, true), portOf(UNIT_IDS)]);
    expect(found.map(({ id }) => id)).toEqual([1, 2]);
  });
});

describe('an interface of the browser', () => {
  it.each([
    ['is available', {}, 'available'],
    ['is absent', { usb: undefined }, 'absent'],
    ['is blocked for this page', { isAllowed: (kind: string) => kind !== 'usb' }, 'blocked'],
    ['is blocked by the browser', { usb: { getDevices: () => Promise.reject(new DOMException()) } }, 'blocked'],
  ] as const)('%s', async (_, more, access) => {
    const found = await readDevices(sourcesOf([], [portOf({})], more as unknown as Partial<DeviceSources>));
    expect(found.access).toEqual({ usb: access, serial: 'available' });
    expect(found.devices).toHaveLength(1);
  });

  it('passes on an error that is a bug', async () => {
    const usb = { getDevices: () => Promise.reject(new TypeError('a bug')) } as unknown as USB;
    await expect(readDevices(sourcesOf([], [], { usb }))).rejects.toThrow(TypeError);
  });
});

describe('the state of a device', () => {
  const failure = { code: 'link-timeout' } as const;
  const attempt = 1;
  const loaded = { ref2: 2, akv: 1, kcv: '' };

  it.each([
    [{ is: 'reading' }, 'reading'],
    [{ is: 'away' }, 'unused'],
    [{ is: 'unread', failure }, 'unread'],
    [{ is: 'ready' }, 'ready'],
    [{ is: 'running', stage: 'export', stopping: false }, 'loading'],
    [{ is: 'settling' }, 'loading'],
    [{ is: 'done', loaded, time: '', signed: true }, 'done'],
    [{ is: 'failed', failure, stage: 'export' }, 'not-loaded'],
    [{ is: 'unverified', failure, attempt }, 'unconfirmed'],
    [{ is: 'unknown', failure, attempt }, 'unconfirmed'],
  ] as const)('is that of its lane: %o is %s', async (phase, status) => {
    const [device, other] = [deviceWith({}), deviceWith({})];
    const link = { id: 7 } as Link;
    const unit = { sn: '07', set: 1, tkv: 2, lifecycle: 'operational', firmware: 3, suites: [1], tries: 64 } as const;
    const lane = { link, phase, facts: { ...unit, slots: [], profile: 'shared' } } as unknown as Lane;
    const more = { lanes: () => [lane], linkTo: (handle: unknown) => (handle === device ? link : undefined) };
    const { devices } = await readDevices(sourcesOf([device, other], [], more));
    expect(devices[0]?.facts).toMatchObject({ status, unit });
    expect(devices[0]?.facts.unit).toEqual(unit);
    expect(devices[0]?.facts.failure).toEqual('failure' in phase ? failure : undefined);
    expect([devices[0]?.lane, devices[0]?.handle]).toEqual([lane, device]);
    expect([devices[1]?.lane, devices[1]?.facts.status]).toEqual([undefined, 'unused']);
    expect(devices[1]?.facts).not.toHaveProperty('unit');
  });

  it('has no identity before the unit is read', async () => {
    const device = deviceWith({});
    const link = { id: 7 } as Link;
    const lane = { link, phase: { is: 'reading' }, facts: undefined } as unknown as Lane;
    const found = await factsOf([device], [], { lanes: () => [lane], linkTo: () => link });
    expect(found[0]).toMatchObject({ status: 'reading' });
    expect(found[0]).not.toHaveProperty('unit');
  });
});
