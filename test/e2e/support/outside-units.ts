// Runs simulated units in the test process, so that they survive a crash of the browser, as real
// units do. In the page, a replacement of WebUSB forwards each call to this process. A call that
// has not arrived here when the browser crashes does not reach the unit.
import type { BrowserContext, Page } from '@playwright/test';
import { Permissions } from '#device-sim/browser/permissions.ts';
import { SimulatedUsb } from '#device-sim/browser/usb.ts';
import { Control, type MemoryDigest } from '#device-sim/setup/control.ts';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import { realClock } from '#device-sim/unit/clock.ts';
import { UnitRegistry } from '#device-sim/unit/unit-registry.ts';

/** A call that the page makes to a method of a USB device. */
type Call = readonly [sn: string, method: Method, ...args: readonly (number | string | readonly number[])[]];
type Method =
  | 'open'
  | 'close'
  | 'selectConfiguration'
  | 'claimInterface'
  | 'releaseInterface'
  | 'clearHalt'
  | 'transferOut'
  | 'transferIn';
type Answer =
  | { readonly status?: string; readonly bytesWritten?: number; readonly data?: readonly number[] }
  | { readonly refused: { readonly name: string; readonly message: string } };

/** A USB transfer before it is forwarded: a command to the unit (`out`) or a response (`in`). */
export interface Passing {
  readonly sn: string;
  readonly way: 'out' | 'in';
  /**
   * INS of the command, or of the command to which this is the response. Undefined for a transfer
   * without an APDU.
   */
  readonly ins: number | undefined;
}

/** The devices and pending calls of one browser. */
interface Life {
  readonly devices: Map<string, USBDevice>;
  readonly calls: Set<Promise<Answer>>;
  isOver: boolean;
}

/** Ends all calls of a browser that crashed, before the next browser starts. */
async function end(life: Life): Promise<void> {
  life.isOver = true;
  const close = () => Promise.all([...life.devices.values()].map((device) => device.close().catch(() => undefined)));
  await close(); // ends the pending calls
  await Promise.allSettled(life.calls);
  await close(); // closes devices that a pending call has opened meanwhile
}

/** Message type PC_to_RDR_XfrBlock of CCID. CLA and INS follow its header. */
const XFR_BLOCK = 0x6f;
const INS_AT = 11;

export class OutsideUnits {
  /** Called before each transfer is forwarded. The transfer waits for the returned promise. */
  onPassing: (passing: Passing) => Promise<void> | undefined = () => undefined;
  readonly #registry = new UnitRegistry();
  readonly #permissions = new Permissions();
  readonly #control: Control;
  readonly #lastIns = new Map<string, number | undefined>();
  #life: Life = { devices: new Map(), calls: new Set(), isOver: false };

  constructor() {
    this.#control = new Control({
      registry: this.#registry,
      clock: realClock,
      random: (length) => crypto.getRandomValues(new Uint8Array(length)),
      choose: async () => undefined,
      images: {},
      onWrite: () => undefined,
    });
  }

  /** Plugs in a unit and permits every page to use it. */
  add(description: UnitDescription): void {
    this.#control.add(description);
    this.#permissions.grant(description.sn.padStart(32, '0'));
  }

  remove(sn: string): void {
    this.#control.remove(sn);
    this.#life.devices.delete(sn.padStart(32, '0'));
  }

  /** Makes the page dispatch events for the units added or removed since the last call. */
  async tell(page: Page): Promise<void> {
    await page.evaluate(() =>
      (window as unknown as { keyferryOutsideRefresh(): Promise<void> }).keyferryOutsideRefresh(),
    );
  }

  memory(sn: string): MemoryDigest {
    return this.#control.memory(sn);
  }

  /**
   * Connects the next browser to the units. First closes all devices of the last browser, as the
   * operating system does when a process crashes.
   */
  async serve(context: BrowserContext): Promise<void> {
    await end(this.#life);
    const browser = { clock: realClock, choose: async () => undefined, hasUserGesture: () => true, eventDelay: 0 };
    const usb = new SimulatedUsb(this.#registry, this.#permissions, browser);
    const devices = new Map<string, USBDevice>();
    const life: Life = { devices, calls: new Set(), isOver: false };
    this.#life = life;
    let turn = 0;
    const take = async (): Promise<{ readonly turn: number; readonly facts: readonly object[] }> => {
      for (const device of await usb.getDevices()) {
        const sn = device.serialNumber ?? '';
        // The unit may have been unplugged meanwhile.
        if (this.#registry.find(sn)) devices.set(sn, device);
      }
      return { turn: ++turn, facts: [...devices.values()].map(describe) };
    };
    await context.exposeFunction('keyferryOutsideDevices', take);
    await context.exposeFunction('keyferryOutsideCall', async (call: Call) => {
      const answer = this.#call(life, call);
      life.calls.add(answer);
      try {
        return await answer;
      } finally {
        life.calls.delete(answer);
      }
    });
    await context.addInitScript(standIn);
  }

  async #call({ devices, isOver }: Life, [sn, method, ...args]: Call): Promise<Answer> {
    const device = devices.get(sn);
    if (!device || isOver) return { refused: { name: 'NotFoundError', message: 'The device was disconnected.' } };
    try {
      if (method === 'transferOut') return await this.#transferOut(sn, device, args as [number, number[]]);
      if (method === 'transferIn') return await this.#transferIn(sn, device, args as [number, number]);
      await (device[method] as (...given: unknown[]) => Promise<void>)(...args);
      return {};
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      return { refused: { name: error.name, message: error.message } };
    }
  }

  async #transferOut(sn: string, device: USBDevice, [endpoint, octets]: [number, number[]]): Promise<Answer> {
    const ins = octets[0] === XFR_BLOCK ? octets[INS_AT] : undefined;
    this.#lastIns.set(sn, ins);
    await this.onPassing({ sn, way: 'out', ins });
    const { status, bytesWritten } = await device.transferOut(endpoint, Uint8Array.from(octets));
    return { status, bytesWritten };
  }

  async #transferIn(sn: string, device: USBDevice, [endpoint, length]: [number, number]): Promise<Answer> {
    const { status, data } = await device.transferIn(endpoint, length);
    await this.onPassing({ sn, way: 'in', ins: this.#lastIns.get(sn) });
    const octets = data && new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return { status, ...(octets ? { data: [...octets] } : {}) };
  }
}

function describe(device: USBDevice): object {
  const { vendorId, productId, productName, serialNumber, deviceClass, deviceSubclass, deviceProtocol } = device;
  const configurations = device.configurations.map(({ configurationValue, interfaces }) => ({
    configurationValue,
    interfaces: interfaces.map(({ interfaceNumber, alternates }) => ({
      interfaceNumber,
      alternates: alternates.map((alternate) => ({
        alternateSetting: alternate.alternateSetting,
        interfaceClass: alternate.interfaceClass,
        interfaceSubclass: alternate.interfaceSubclass,
        interfaceProtocol: alternate.interfaceProtocol,
        endpoints: alternate.endpoints.map(({ endpointNumber, direction, type, packetSize }) => ({
          ...{ endpointNumber, direction, type, packetSize },
        })),
      })),
    })),
  }));
  const facts = { vendorId, productId, productName, serialNumber, deviceClass, deviceSubclass, deviceProtocol };
  return { ...facts, configurations, configured: device.configuration !== null };
}

/** Replaces WebUSB and forwards its calls. Runs in the page before the first script of the page. */
function standIn(): void {
  interface Facts {
    readonly serialNumber: string;
    readonly configurations: readonly { readonly configurationValue: number }[];
    readonly configured: boolean;
  }
  const door = window as unknown as {
    keyferryOutsideDevices(): Promise<{ turn: number; facts: Facts[] }>;
    keyferryOutsideCall(call: readonly unknown[]): Promise<{
      refused?: { name: string; message: string };
      status?: string;
      bytesWritten?: number;
      data?: number[];
    }>;
    keyferryOutsideRefresh?: () => Promise<void>;
  };
  class Device {
    opened = false;
    configuration: unknown;
    readonly serialNumber: string;
    constructor(facts: Facts) {
      Object.assign(this, facts);
      this.serialNumber = facts.serialNumber;
      this.configuration = facts.configured ? facts.configurations[0] : null;
    }
    async call(method: string, ...args: unknown[]) {
      const answer = await door.keyferryOutsideCall([this.serialNumber, method, ...args]);
      if (answer.refused) throw new DOMException(answer.refused.message, answer.refused.name);
      return answer;
    }
    async open() {
      await this.call('open');
      this.opened = true;
    }
    async close() {
      await this.call('close');
      this.opened = false;
    }
    async selectConfiguration(value: number) {
      await this.call('selectConfiguration', value);
      const { configurations } = this as unknown as Facts;
      this.configuration = configurations.find(({ configurationValue }) => configurationValue === value);
    }
    async claimInterface(number: number) {
      await this.call('claimInterface', number);
    }
    async releaseInterface(number: number) {
      await this.call('releaseInterface', number);
    }
    async clearHalt(direction: string, endpoint: number) {
      await this.call('clearHalt', direction, endpoint);
    }
    async transferOut(endpoint: number, octets: Uint8Array) {
      return await this.call('transferOut', endpoint, [...octets]);
    }
    async transferIn(endpoint: number, length: number) {
      const { status, data } = await this.call('transferIn', endpoint, length);
      return { status, data: data && new DataView(Uint8Array.from(data).buffer) };
    }
  }
  const known = new Map<string, Device>();
  let newest = 0;
  /**
   * Returns the list of devices. Returns undefined if a later answer has already arrived, because
   * this list may then be stale.
   */
  const look = async (): Promise<readonly Facts[] | undefined> => {
    const { turn, facts } = await door.keyferryOutsideDevices();
    if (turn < newest) return undefined;
    newest = turn;
    return facts;
  };
  const usb = new (class extends EventTarget {
    async getDevices() {
      for (const facts of (await look()) ?? []) {
        if (!known.has(facts.serialNumber)) known.set(facts.serialNumber, new Device(facts));
      }
      return [...known.values()];
    }
    async requestDevice() {
      throw new DOMException('No device selected.', 'NotFoundError');
    }
  })();
  /** Dispatches connect and disconnect events as the browser does. */
  door.keyferryOutsideRefresh = async () => {
    let here = await look();
    while (!here) here = await look();
    const tell = (type: string, device: Device) => usb.dispatchEvent(Object.assign(new Event(type), { device }));
    for (const [sn, device] of known) {
      if (here.some(({ serialNumber }) => serialNumber === sn)) continue;
      known.delete(sn);
      tell('disconnect', device);
    }
    for (const facts of here) {
      if (known.has(facts.serialNumber)) continue;
      const device = new Device(facts);
      known.set(facts.serialNumber, device);
      tell('connect', device);
    }
  };
  Object.defineProperty(navigator, 'usb', { value: usb, configurable: true });
}
