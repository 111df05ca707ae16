// navigator.serial as Chromium implements it. Requires a user gesture for the chooser, applies the
// page's permissions, and dispatches connection events at the port and then at Serial.
import type { UnitRegistry } from '../unit/unit-registry.ts';
import type { BrowserOptions } from './browser-options.ts';
import { DeviceList } from './device-list.ts';
import { exception, typeError } from './dom-exception.ts';
import type { Permissions } from './permissions.ts';
import { SimulatedSerialPort } from './serial-port.ts';

export class SimulatedSerial extends EventTarget implements Serial {
  onconnect: Serial['onconnect'] = null;
  ondisconnect: Serial['ondisconnect'] = null;
  readonly #browser: BrowserOptions;
  readonly #ports: DeviceList<SimulatedSerialPort>;

  constructor(registry: UnitRegistry, permissions: Permissions, browser: BrowserOptions) {
    super();
    this.#browser = browser;
    this.#ports = new DeviceList({
      kind: 'serial',
      registry,
      permissions,
      browser,
      create: (unit, forget) => new SimulatedSerialPort(unit, forget),
      dispatch: (type, port) => this.#dispatch(type, port),
      isRecognisable: () => true,
    });
  }

  async getPorts(): Promise<SerialPort[]> {
    return this.#ports.permitted();
  }

  async requestPort(options: SerialPortRequestOptions = {}): Promise<SerialPort> {
    const place = 'requestPort on Serial';
    const { filters = [] } = options;
    for (const filter of filters) requireCoherent(place, filter);
    if (!this.#browser.hasUserGesture()) {
      throw exception('SecurityError', place, 'Must be handling a user gesture to show a permission request.');
    }
    const port = await this.#ports.choose(
      (candidate) => filters.length === 0 || filters.some((filter) => matches(candidate, filter)),
    );
    if (port === undefined) throw exception('NotFoundError', place, 'No port selected by the user.');
    return port;
  }

  /** Dispatches one event at the port, then another at Serial with the port as its target. */
  #dispatch(type: 'connect' | 'disconnect', port: SimulatedSerialPort): void {
    const atPort = new Event(type, { bubbles: true });
    (type === 'connect' ? port.onconnect : port.ondisconnect)?.call(port, atPort);
    port.dispatchEvent(atPort);
    const bubbled = new Event(type, { bubbles: true });
    Object.defineProperty(bubbled, 'target', { value: port });
    (type === 'connect' ? this.onconnect : this.ondisconnect)?.call(this, bubbled);
    this.dispatchEvent(bubbled);
  }
}

function matches(port: SerialPort, { usbVendorId, usbProductId }: SerialPortFilter): boolean {
  const info = port.getInfo();
  return usbVendorId === info.usbVendorId && (usbProductId === undefined || usbProductId === info.usbProductId);
}

function requireCoherent(place: 'requestPort on Serial', filter: SerialPortFilter): void {
  if (filter.usbProductId !== undefined && filter.usbVendorId === undefined) {
    throw typeError(place, 'A filter containing a usbProductId must also specify a usbVendorId.');
  }
  if (filter.usbVendorId === undefined && filter.bluetoothServiceClassId === undefined) {
    throw typeError(place, 'A filter must provide a property to filter by.');
  }
}
