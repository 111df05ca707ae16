// navigator.usb as Chromium implements it (WebUSB clause 3). Requires a user gesture for the
// chooser, applies the page's permissions, and dispatches connection events.
import type { UnitRegistry } from '../unit/unit-registry.ts';
import type { BrowserOptions } from './browser-options.ts';
import { DeviceList } from './device-list.ts';
import { exception, typeError } from './dom-exception.ts';
import type { Permissions } from './permissions.ts';
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

export class SimulatedUsb extends EventTarget implements USB {
  onconnect: USB['onconnect'] = null;
  ondisconnect: USB['ondisconnect'] = null;
  readonly #browser: BrowserOptions;
  readonly #devices: DeviceList<SimulatedUsbDevice>;

  constructor(registry: UnitRegistry, permissions: Permissions, browser: BrowserOptions) {
    super();
    this.#browser = browser;
    this.#devices = new DeviceList({
      kind: 'usb',
      registry,
      permissions,
      browser,
      create: (unit, forget) => new SimulatedUsbDevice(unit, forget),
      dispatch: (type, device) => this.#dispatch(type, device),
      isRecognisable: (unit) => unit.options.usb.hasSerialNumber,
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
    return this.#devices.permitted();
  }

  async requestDevice(options?: USBDeviceRequestOptions): Promise<USBDevice> {
    const place = 'requestDevice on USB';
    const { filters, exclusionFilters } = requireFilters(place, options);
    if (!this.#browser.hasUserGesture()) {
      throw exception('SecurityError', place, 'Must be handling a user gesture to show a permission request.');
    }
    const device = await this.#devices.choose(
      (candidate) =>
        (filters.length === 0 || filters.some((filter) => matchesFilter(candidate, filter))) &&
        !exclusionFilters.some((filter) => matchesFilter(candidate, filter)),
    );
    if (device === undefined) throw exception('NotFoundError', place, 'No device selected.');
    return device;
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
