// Lists the units that the operator has permitted, and opens the chooser for a new one. Creates one
// Link per handle of the browser and drops it when the unit is unplugged or resets (docs/adr/0019).
import { hexNumber } from '#protocol/bytes/hex.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { Clock } from '#protocol/framing/connect.ts';
import { t } from '../text/t.ts';
import { BrowserCalls } from './browser-calls.ts';
import { Handle } from './device-handle.ts';
import { chooserFilters, type DeviceProfile, type DeviceRole, findProfile, OTHER_USB } from './device-profiles.ts';
import { lazyPart } from './lazy-part.ts';
import type { Link, LinkKind, UsbIds } from './link.ts';
import type { Platform } from './platform.ts';
import type { Timer } from './timer.ts';
import { UnplugSignal } from './unplug-signal.ts';

/** Each part is loaded for the first link of its kind, because most stations use only one kind. */
const PORT_PARTS = {
  usb: (timer: Timer) => lazyPart(() => import('./usb-port.ts'), timer),
  serial: (timer: Timer) => lazyPart(() => import('./serial-port.ts'), timer),
} as const;

export interface LinksOptions {
  /** navigator.usb; undefined in a browser without WebUSB. */
  readonly usb: USB | undefined;
  /** navigator.serial; undefined in a browser without Web Serial. */
  readonly serial: Serial | undefined;
  readonly platform: Platform;
  /** A function, because a site file may add profiles after the first sign-in. */
  readonly profiles: () => readonly DeviceProfile[];
  /** Whether these are links to units (the default) or to AS tokens. */
  readonly role?: DeviceRole;
  readonly timer: Timer;
  readonly now: Clock;
}

export class Links {
  readonly #options: LinksOptions;
  readonly #handles = new Map<USBDevice | SerialPort, Handle>();
  readonly #listeners = new Set<() => void>();
  #lastId = 0;

  constructor(options: LinksOptions) {
    this.#options = options;
    const { usb, serial } = options;
    usb?.addEventListener('connect', () => this.#changed());
    usb?.addEventListener('disconnect', ({ device }) => this.#drop(device));
    serial?.addEventListener('connect', () => this.#changed());
    // The browser dispatches the event at the SerialPort, from which it bubbles up to `serial`.
    serial?.addEventListener('disconnect', ({ target }) => this.#drop(target as SerialPort));
  }

  /**
   * Opens the chooser for USB devices. Returns undefined if the operator closes the chooser. If
   * `all` is set, the chooser shows every USB device, and Link.open() checks the descriptors of the
   * chosen device.
   * @throws ProtocolError browser-unsupported, no-interface
   */
  async chooseUsb(all = false): Promise<Link | undefined> {
    const { usb, profiles, role } = this.#options;
    if (usb === undefined) throw new ProtocolError('browser-unsupported', 'this browser has no WebUSB');
    const filters = all ? [] : [...chooserFilters(profiles(), 'usb', role)];
    const device = await this.#choose('usb', () => usb.requestDevice({ filters }));
    return device && this.#required(this.#usbLink(device, OTHER_USB));
  }

  /**
   * Opens the chooser for serial ports. Returns undefined if the operator closes the chooser.
   * @throws ProtocolError browser-unsupported, no-interface
   */
  async chooseSerial(): Promise<Link | undefined> {
    const { serial, profiles, role } = this.#options;
    if (serial === undefined) throw new ProtocolError('browser-unsupported', 'this browser has no Web Serial');
    const filters = chooserFilters(profiles(), 'serial', role).map(({ vendorId, productId }) => ({
      usbVendorId: vendorId,
      usbProductId: productId,
    }));
    const port = await this.#choose('serial', () => serial.requestPort({ filters }));
    return port && this.#required(this.#serialLink(port));
  }

  /**
   * Returns links to the attached units that the operator permitted earlier and that a profile
   * matches.
   * @throws ProtocolError browser-unsupported if a policy forbids the page to list units
   */
  async remembered(): Promise<readonly Link[]> {
    const { usb, serial } = this.#options;
    const devices = await this.#request('usb', async () => (await usb?.getDevices()) ?? []);
    const ports = await this.#request('serial', async () => (await serial?.getPorts()) ?? []);
    const links = [
      ...devices.map((device) => this.#usbLink(device, undefined)),
      ...ports.filter((port) => port.connected !== false).map((port) => this.#serialLink(port)),
    ];
    return links.filter((link) => link !== undefined);
  }

  /** The link to a handle of the browser, if there is one. */
  linkTo(handle: USBDevice | SerialPort): Link | undefined {
    return this.#handles.get(handle);
  }

  /**
   * Calls `listener` when a unit is plugged in or unplugged. Returns a function that removes it.
   */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #choose<T>(kind: LinkKind, request: () => Promise<T>): Promise<T | undefined> {
    PORT_PARTS[kind](this.#options.timer).catch(() => undefined); // preloads the part; Link.open() reports a failure
    return await this.#request<T | undefined>(kind, () =>
      request().catch((error: unknown) => {
        if (error instanceof DOMException && error.name === 'NotFoundError') return undefined;
        throw error;
      }),
    );
  }

  async #request<T>(kind: LinkKind, request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      const { platform, timer } = this.#options;
      throw await new BrowserCalls(kind, { platform, timer, unplugSignal: new UnplugSignal() }).explain(
        'choose',
        error,
      );
    }
  }

  #required<T>(found: T | undefined): T {
    if (found === undefined) throw new ProtocolError('no-interface', 'no device profile matches the chosen device');
    return found;
  }

  #usbLink(device: USBDevice, fallback: DeviceProfile | undefined): Link | undefined {
    const existing = this.#handles.get(device);
    if (existing) return existing;
    const { profiles, role, ...options } = this.#options;
    const usb = { vendorId: device.vendorId, productId: device.productId };
    const profile = (): DeviceProfile | undefined => findProfile(profiles(), 'usb', usb, role) ?? fallback;
    const first = profile();
    if (!first) return undefined;
    const unplugSignal = new UnplugSignal();
    const label = device.productName || first.name;
    const facts = {
      id: ++this.#lastId,
      kind: 'usb',
      label,
      usb,
      usbSerialNumber: device.serialNumber || undefined,
    } as const;
    return this.#add(
      device,
      new Handle(facts, unplugSignal, {
        profile,
        openPort: async () => (await PORT_PARTS.usb(options.timer)).openUsbPort(device, { ...options, unplugSignal }),
        connect: async (port) =>
          (await PORT_PARTS.usb(options.timer)).connectCcid(port, this.#required(profile()?.usb), options.now),
      }),
    );
  }

  #serialLink(port: SerialPort): Link | undefined {
    const existing = this.#handles.get(port);
    if (existing) return existing;
    const { profiles, role, ...options } = this.#options;
    const { usbVendorId, usbProductId } = port.getInfo();
    const usb =
      usbVendorId === undefined || usbProductId === undefined
        ? undefined
        : { vendorId: usbVendorId, productId: usbProductId };
    const profile = (): DeviceProfile | undefined => findProfile(profiles(), 'serial', usb, role);
    if (!profile()) return undefined;
    const unplugSignal = new UnplugSignal();
    const facts = {
      id: ++this.#lastId,
      kind: 'serial',
      label: portName(usb),
      usb,
      usbSerialNumber: undefined,
    } as const;
    return this.#add(
      port,
      new Handle(facts, unplugSignal, {
        profile,
        openPort: async () => {
          const settings = this.#required(profile()?.serial);
          return (await PORT_PARTS.serial(options.timer)).openSerialPort(port, settings, { ...options, unplugSignal });
        },
        connect: async (opened) =>
          (await PORT_PARTS.serial(options.timer)).connectT1(opened, this.#required(profile()?.serial), options.now),
      }),
    );
  }

  #add(key: USBDevice | SerialPort, handle: Handle): Link {
    this.#handles.set(key, handle);
    return handle;
  }

  /**
   * Removes the Link of an unplugged unit. A unit that returns gets a new Link, even if the browser
   * uses the same handle.
   */
  #drop(key: USBDevice | SerialPort): void {
    this.#handles.get(key)?.unplugSignal.markUnplugged();
    this.#handles.delete(key);
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Names the port, because the unit behind it is unknown until SN is read. */
function portName(usb: UsbIds | undefined): string {
  if (usb === undefined) return t`Serial port`;
  const ids = `${hexNumber(usb.vendorId, 4)}:${hexNumber(usb.productId, 4)}`;
  return t`Serial port, USB ${ids}`;
}
