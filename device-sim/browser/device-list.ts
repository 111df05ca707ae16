// The plugged-in devices of navigator.usb or navigator.serial. Creates one object for each
// plugged-in device, applies the page's permissions and shows the chooser. usb.ts and serial.ts use
// it.
import type { LinkKind } from '../unit/faults.ts';
import type { Unit } from '../unit/unit.ts';
import type { UnitRegistry } from '../unit/unit-registry.ts';
import type { BrowserOptions, Candidate } from './browser-options.ts';
import type { Permissions } from './permissions.ts';

/** The object through which a page uses a unit. Each plug-in creates a new object. */
export interface BrowserDevice {
  /** Called when the unit is unplugged. Fails the pending transfers. */
  unplug(): void;
  /** Called when the operating system has removed the device. */
  disconnect(): void;
}

export interface DeviceListOptions<Device extends BrowserDevice> {
  readonly kind: LinkKind;
  readonly registry: UnitRegistry;
  readonly permissions: Permissions;
  readonly browser: BrowserOptions;
  /** Creates the object of a plugged-in unit. @param forget revokes the page's permission */
  readonly create: (unit: Unit, forget: () => void) => Device;
  /** Dispatches the event to the page. Called for permitted devices only. */
  readonly dispatch: (type: 'connect' | 'disconnect', device: Device) => void;
  /** Whether the page's permission survives an unplug. */
  readonly isRecognisable: (unit: Unit) => boolean;
}

interface Attachment<Device> {
  readonly unit: Unit;
  readonly device: Device;
}

export class DeviceList<Device extends BrowserDevice> {
  readonly #options: DeviceListOptions<Device>;
  readonly #attached = new Map<string, Attachment<Device>>();
  /** Unplugged units whose disconnect event is still to come. */
  readonly #leaving = new Set<Unit>();

  constructor(options: DeviceListOptions<Device>) {
    this.#options = options;
    options.registry.forEach((unit) => {
      if (unit.options.links.includes(options.kind)) this.#watch(unit);
    });
  }

  /** Returns the devices that the page may use. */
  permitted(): Device[] {
    const { permissions } = this.#options;
    return [...this.#attached.values()].filter(({ unit }) => permissions.has(unit.sn)).map(({ device }) => device);
  }

  /**
   * Shows the chooser and permits the chosen device. Resolves with undefined if the user cancels.
   */
  async choose(matches: (device: Device) => boolean): Promise<Device | undefined> {
    const { kind, browser, permissions } = this.#options;
    const offered = [...this.#attached.values()].filter(({ device }) => matches(device));
    const candidates = offered.map(({ unit }): Candidate => ({ sn: unit.sn, kind, label: unit.options.name }));
    const chosen = await browser.choose(candidates);
    const found = offered.find(({ unit }) => unit.sn === chosen?.sn);
    if (found !== undefined) permissions.grant(found.unit.sn);
    return found?.device;
  }

  #watch(unit: Unit): void {
    unit.onEvent((event) => {
      if (event === 'plugged') this.#attach(unit);
      if (event === 'unplugged') this.#detach(unit);
    });
    if (unit.isPlugged) this.#attach(unit);
  }

  /**
   * Creates the object of a plugged-in unit. If the disconnect event of an earlier unplug is still
   * to come, does so only after that event, because browsers dispatch both events in sequence.
   */
  #attach(unit: Unit): void {
    if (this.#leaving.has(unit)) return;
    const { permissions, create, dispatch } = this.#options;
    const device = create(unit, () => permissions.revoke(unit.sn));
    this.#attached.set(unit.sn, { unit, device });
    if (permissions.has(unit.sn)) dispatch('connect', device);
  }

  #detach(unit: Unit): void {
    const { permissions, browser, dispatch, isRecognisable } = this.#options;
    const { device } = this.#attached.get(unit.sn) ?? {};
    if (device === undefined) return;
    this.#attached.delete(unit.sn);
    device.unplug();
    const wasGranted = permissions.has(unit.sn);
    if (!isRecognisable(unit)) permissions.revoke(unit.sn);
    this.#leaving.add(unit);
    browser.clock.after(browser.eventDelay, () => {
      this.#leaving.delete(unit);
      device.disconnect();
      if (wasGranted) dispatch('disconnect', device);
      if (unit.isPlugged) this.#attach(unit);
    });
  }
}
