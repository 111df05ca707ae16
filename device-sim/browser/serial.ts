// navigator.serial as Chromium gives it to a page: the chooser and its gesture, permissions, plug and unplug events, which reach the
// port and from there Serial. Knows units only as things that are plugged in.

import type { Unit } from '../unit/unit.ts';
import { exception, typeError } from './dom-exception.ts';
import type { BrowserOptions, Candidate, Fleet, Permissions } from './fleet.ts';
import { SimulatedSerialPort } from './serial-port.ts';

interface Attached {
  readonly unit: Unit;
  readonly port: SimulatedSerialPort;
}

export class SimulatedSerial extends EventTarget implements Serial {
  onconnect: Serial['onconnect'] = null;
  ondisconnect: Serial['ondisconnect'] = null;
  readonly #surroundings: BrowserOptions;
  readonly #permissions: Permissions;
  readonly #attached = new Map<string, Attached>();

  constructor(fleet: Fleet, permissions: Permissions, surroundings: BrowserOptions) {
    super();
    this.#surroundings = surroundings;
    this.#permissions = permissions;
    fleet.forEach((unit) => {
      if (unit.options.links.includes('serial')) this.#watch(unit);
    });
  }

  async getPorts(): Promise<SerialPort[]> {
    const granted = [...this.#attached.values()].filter(({ unit }) => this.#permissions.has(unit.sn));
    return granted.map(({ port }) => port);
  }

  async requestPort(options: SerialPortRequestOptions = {}): Promise<SerialPort> {
    const place = 'requestPort on Serial';
    const { filters = [] } = options;
    for (const filter of filters) requireCoherent(place, filter);
    if (!this.#surroundings.hasUserGesture()) {
      throw exception('SecurityError', place, 'Must be handling a user gesture to show a permission request.');
    }
    const offered = [...this.#attached.values()].filter(
      ({ port }) => filters.length === 0 || filters.some((filter) => matches(port, filter)),
    );
    const candidates = offered.map(
      ({ unit }): Candidate => ({ sn: unit.sn, kind: 'serial', label: unit.options.name }),
    );
    const chosen = await this.#surroundings.choose(candidates);
    const found = offered.find(({ unit }) => unit.sn === chosen?.sn);
    if (found === undefined) throw exception('NotFoundError', place, 'No port selected by the user.');
    this.#permissions.grant(found.unit.sn);
    return found.port;
  }

  #watch(unit: Unit): void {
    unit.onEvent((event) => {
      if (event === 'plugged') this.#attach(unit);
      if (event === 'unplugged') this.#detach(unit);
    });
    if (unit.isPlugged) this.#attach(unit);
  }

  #attach(unit: Unit): void {
    const port = new SimulatedSerialPort(unit, () => this.#permissions.revoke(unit.sn));
    this.#attached.set(unit.sn, { unit, port });
    if (this.#permissions.has(unit.sn)) this.#dispatch('connect', port);
  }

  #detach(unit: Unit): void {
    const { port } = this.#attached.get(unit.sn) ?? {};
    if (port === undefined) return;
    this.#attached.delete(unit.sn);
    port.unplug();
    const wasGranted = this.#permissions.has(unit.sn);
    this.#surroundings.clock.after(this.#surroundings.eventDelay, () => {
      port.disconnect();
      if (wasGranted) this.#dispatch('disconnect', port);
    });
  }

  /** At the port first, then at Serial, where the port is still the event's target. */
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
