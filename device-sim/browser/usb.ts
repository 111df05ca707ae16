// navigator.usb as Chromium gives it to a page (WebUSB clause 3): the chooser and its gesture, permissions, plug and unplug events.
// Knows units only as things that are plugged in.

import type { Unit } from '../unit/unit.ts';
import { exception, typeError } from './dom-exception.ts';
import type { BrowserOptions, Candidate, Fleet, Permissions } from './fleet.ts';
import { matchesFilter } from './usb-descriptors.ts';
import { SimulatedUsbDevice } from './usb-device.ts';

class SimulatedConnectionEvent extends Event implements USBConnectionEvent {
  readonly device: USBDevice;

  constructor(type: 'connect' | 'disconnect', device: USBDevice) {
    super(type);
    this.device = device;
  }
}

type AnyListener<T> = EventListenerOrEventListenerObject | ((this: T, event: USBConnectionEvent) => void) | null;

interface Attached {
  readonly unit: Unit;
  readonly device: SimulatedUsbDevice;
}

export class SimulatedUsb extends EventTarget implements USB {
  onconnect: USB['onconnect'] = null;
  ondisconnect: USB['ondisconnect'] = null;
  readonly #surroundings: BrowserOptions;
  readonly #permissions: Permissions;
  readonly #attached = new Map<string, Attached>();

  constructor(fleet: Fleet, permissions: Permissions, surroundings: BrowserOptions) {
    super();
    this.#surroundings = surroundings;
    this.#permissions = permissions;
    fleet.forEach((unit) => {
      if (unit.options.links.includes('usb')) this.#watch(unit);
    });
  }

  override addEventListener(
    type: 'connect' | 'disconnect',
    listener: (this: this, event: USBConnectionEvent) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(
    type: string,
    listener: AnyListener<this>,
    options?: boolean | AddEventListenerOptions,
  ): void {
    super.addEventListener(type, listener as EventListener | null, options);
  }

  override removeEventListener(
    type: 'connect' | 'disconnect',
    listener: (this: this, event: USBConnectionEvent) => void,
    options?: boolean | EventListenerOptions,
  ): void;
  override removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void;
  override removeEventListener(
    type: string,
    listener: AnyListener<this>,
    options?: boolean | EventListenerOptions,
  ): void {
    super.removeEventListener(type, listener as EventListener | null, options);
  }

  async getDevices(): Promise<USBDevice[]> {
    const granted = [...this.#attached.values()].filter(({ unit }) => this.#permissions.has(unit.sn));
    return granted.map(({ device }) => device);
  }

  async requestDevice(options?: USBDeviceRequestOptions): Promise<USBDevice> {
    const place = 'requestDevice on USB';
    const { filters, exclusionFilters } = requireFilters(place, options);
    if (!this.#surroundings.hasUserGesture()) {
      throw exception('SecurityError', place, 'Must be handling a user gesture to show a permission request.');
    }
    const offered = [...this.#attached.values()].filter(
      ({ device }) =>
        (filters.length === 0 || filters.some((filter) => matchesFilter(device, filter))) &&
        !exclusionFilters.some((filter) => matchesFilter(device, filter)),
    );
    const candidates = offered.map(({ unit }): Candidate => ({ sn: unit.sn, kind: 'usb', label: unit.options.name }));
    const chosen = await this.#surroundings.choose(candidates);
    const found = offered.find(({ unit }) => unit.sn === chosen?.sn);
    if (found === undefined) throw exception('NotFoundError', place, 'No device selected.');
    this.#permissions.grant(found.unit.sn);
    return found.device;
  }

  #watch(unit: Unit): void {
    unit.onEvent((event) => {
      if (event === 'plugged') this.#attach(unit);
      if (event === 'unplugged') this.#detach(unit);
    });
    if (unit.isPlugged) this.#attach(unit);
  }

  #attach(unit: Unit): void {
    const device = new SimulatedUsbDevice(unit, () => this.#permissions.revoke(unit.sn));
    this.#attached.set(unit.sn, { unit, device });
    if (this.#permissions.has(unit.sn)) this.#dispatch('connect', device);
  }

  #detach(unit: Unit): void {
    const { device } = this.#attached.get(unit.sn) ?? {};
    if (device === undefined) return;
    this.#attached.delete(unit.sn);
    device.unplug();
    const wasGranted = this.#permissions.has(unit.sn);
    // Without a serial number the browser cannot know the unit again.
    if (!unit.options.usb.hasSerialNumber) this.#permissions.revoke(unit.sn);
    this.#surroundings.clock.after(this.#surroundings.eventDelay, () => {
      device.disconnect();
      if (wasGranted) this.#dispatch('disconnect', device);
    });
  }

  #dispatch(type: 'connect' | 'disconnect', device: USBDevice): void {
    const event = new SimulatedConnectionEvent(type, device);
    (type === 'connect' ? this.onconnect : this.ondisconnect)?.call(this, event);
    this.dispatchEvent(event);
  }
}

function requireFilters(place: 'requestDevice on USB', options: USBDeviceRequestOptions | undefined) {
  const filters: unknown = options?.filters;
  if (options === undefined || !Array.isArray(filters)) {
    throw typeError(place, "Failed to read the 'filters' property from 'USBDeviceRequestOptions': required.");
  }
  const { exclusionFilters = [] } = options;
  for (const filter of [...options.filters, ...exclusionFilters]) requireCoherent(place, filter);
  return { filters: options.filters, exclusionFilters };
}

function requireCoherent(place: 'requestDevice on USB', filter: USBDeviceFilter): void {
  if (filter.productId !== undefined && filter.vendorId === undefined) {
    throw typeError(place, 'A filter containing a productId must also contain a vendorId.');
  }
  if (filter.subclassCode !== undefined && filter.classCode === undefined) {
    throw typeError(place, 'A filter containing a subclassCode must also contain a classCode.');
  }
  if (filter.protocolCode !== undefined && filter.subclassCode === undefined) {
    throw typeError(place, 'A filter containing a protocolCode must also contain a subclassCode.');
  }
}
