// The units that the operator permitted, and the chooser for another: one Link for each handle of the browser, dropped when its unit
// goes, made anew when it comes back after a reset. Is handed navigator.usb and navigator.serial; knows no command.
import { hexNumber } from '#protocol/bytes/hex.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { Clock } from '#protocol/framing/connect.ts';
import { explain, type Platform } from './browser-error.ts';
import { Handle } from './handle.ts';
import { part } from './lazy-part.ts';
import type { Link, LinkKind, UsbIds } from './link.ts';
import { Presence } from './presence.ts';
import { chooserFilters, type DeviceProfile, type DeviceRole, findProfile, OTHER_USB } from './profiles.ts';
import type { After } from './timer.ts';

/** Most stations have units of one kind only, so each comes with the first link of its kind. */
const WAYS = {
  usb: (timer: After) => part(() => import('./usb.ts'), timer),
  serial: (timer: After) => part(() => import('./serial.ts'), timer),
} as const;

export interface LinksOptions {
  /** navigator.usb, where the browser has it. */
  readonly usb: USB | undefined;
  /** navigator.serial, where the browser has it. */
  readonly serial: Serial | undefined;
  readonly platform: Platform;
  readonly profiles: readonly DeviceProfile[];
  /** Whether these are links to units, as unless said, or to AS tokens. */
  readonly role?: DeviceRole;
  readonly timer: After;
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
    // The event is fired at the port and bubbles up to here.
    serial?.addEventListener('disconnect', ({ target }) => this.#drop(target as SerialPort));
  }

  /**
   * Undefined when the operator closed the chooser. `all` shows every USB device, so that one that no profile names can be
   * judged by its descriptors.
   * @throws ProtocolError browser-unsupported, no-interface
   */
  async chooseUsb(all = false): Promise<Link | undefined> {
    const { usb, profiles, role } = this.#options;
    if (usb === undefined) throw new ProtocolError('browser-unsupported', 'this browser has no WebUSB');
    const filters = all ? [] : [...chooserFilters(profiles, 'usb', role)];
    const device = await this.#choose('usb', () => usb.requestDevice({ filters }));
    return device && this.#required(this.#usbLink(device, OTHER_USB));
  }

  /** Undefined when the operator closed the chooser. @throws ProtocolError browser-unsupported, no-interface */
  async chooseSerial(): Promise<Link | undefined> {
    const { serial, profiles, role } = this.#options;
    if (serial === undefined) throw new ProtocolError('browser-unsupported', 'this browser has no Web Serial');
    const filters = chooserFilters(profiles, 'serial', role).map(({ vendorId, productId }) => ({
      usbVendorId: vendorId,
      usbProductId: productId,
    }));
    const port = await this.#choose('serial', () => serial.requestPort({ filters }));
    return port && this.#required(this.#serialLink(port));
  }

  /**
   * The units that were permitted before and are attached now, and that a profile fits.
   * @throws ProtocolError browser-unsupported where a policy forbids the page to ask
   */
  async remembered(): Promise<readonly Link[]> {
    const { usb, serial } = this.#options;
    const devices = await this.#asked('usb', async () => (await usb?.getDevices()) ?? []);
    const ports = await this.#asked('serial', async () => (await serial?.getPorts()) ?? []);
    const links = [
      ...devices.map((device) => this.#usbLink(device, undefined)),
      ...ports.filter((port) => port.connected !== false).map((port) => this.#serialLink(port)),
    ];
    return links.filter((link) => link !== undefined);
  }

  /** Calls `listener` after each unit that comes or goes. Returns its own undoing. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #choose<T>(kind: LinkKind, request: () => Promise<T>): Promise<T | undefined> {
    WAYS[kind](this.#options.timer).catch(() => undefined); // meanwhile; opening the link says it
    return await this.#asked<T | undefined>(kind, () =>
      request().catch((error: unknown) => {
        if (error instanceof DOMException && error.name === 'NotFoundError') return undefined;
        throw error;
      }),
    );
  }

  async #asked<T>(kind: LinkKind, request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      const { platform, timer } = this.#options;
      throw await explain(error, { moment: 'choose', kind, platform }, new Presence(), timer);
    }
  }

  #required(link: Link | undefined): Link {
    if (link === undefined) throw new ProtocolError('no-interface', 'no device profile fits what was chosen');
    return link;
  }

  #usbLink(device: USBDevice, otherwise: DeviceProfile | undefined): Link | undefined {
    const known = this.#handles.get(device);
    if (known) return known;
    const { profiles, role, ...surroundings } = this.#options;
    const usb = { vendorId: device.vendorId, productId: device.productId };
    const profile = findProfile(profiles, 'usb', usb, role) ?? otherwise;
    if (profile?.usb === undefined) return undefined;
    const settings = profile.usb;
    const presence = new Presence();
    const label = device.productName || profile.name;
    const facts = {
      id: ++this.#lastId,
      kind: 'usb',
      label,
      usb,
      usbSerialNumber: device.serialNumber || undefined,
    } as const;
    return this.#keep(
      device,
      new Handle(facts, presence, {
        openPort: async () => (await WAYS.usb(surroundings.timer)).openUsbPort(device, { ...surroundings, presence }),
        connect: async (port) => (await WAYS.usb(surroundings.timer)).bringUpCcid(port, settings, surroundings.now),
      }),
    );
  }

  #serialLink(port: SerialPort): Link | undefined {
    const known = this.#handles.get(port);
    if (known) return known;
    const { profiles, role, ...surroundings } = this.#options;
    const { usbVendorId, usbProductId } = port.getInfo();
    const usb =
      usbVendorId === undefined || usbProductId === undefined
        ? undefined
        : { vendorId: usbVendorId, productId: usbProductId };
    const profile = findProfile(profiles, 'serial', usb, role);
    if (profile?.serial === undefined) return undefined;
    const settings = profile.serial;
    const presence = new Presence();
    const facts = {
      id: ++this.#lastId,
      kind: 'serial',
      label: portName(usb),
      usb,
      usbSerialNumber: undefined,
    } as const;
    return this.#keep(
      port,
      new Handle(facts, presence, {
        openPort: async () =>
          (await WAYS.serial(surroundings.timer)).openSerialPort(port, settings, { ...surroundings, presence }),
        connect: async (opened) =>
          (await WAYS.serial(surroundings.timer)).bringUpT1(opened, settings, surroundings.now),
      }),
    );
  }

  #keep(key: USBDevice | SerialPort, handle: Handle): Link {
    this.#handles.set(key, handle);
    return handle;
  }

  /** A handle whose unit is gone stays dead: when the unit is back, the browser's next handle (or the same) becomes a new Link. */
  #drop(key: USBDevice | SerialPort): void {
    this.#handles.get(key)?.presence.leave();
    this.#handles.delete(key);
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** A port says nothing of what is behind it, which may be anything: the unit names itself when it is read. */
function portName(usb: UsbIds | undefined): string {
  const hex4 = (id: number): string => hexNumber(id, 4);
  return usb === undefined ? 'Serial port' : `Serial port, USB ${hex4(usb.vendorId)}:${hex4(usb.productId)}`;
}
