// Simulated units outside the browser, as real ones are: they live in this process and outlive every browser that talks to them. The page gets a WebUSB
// whose calls come here one by one; what has not come here when the browser dies was never sent.
import type { BrowserContext, Page } from '@playwright/test';
import { Permissions } from '#device-sim/browser/permissions.ts';
import { SimulatedUsb } from '#device-sim/browser/usb.ts';
import { Control, type MemoryDigest } from '#device-sim/setup/control.ts';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import { realClock } from '#device-sim/unit/clock.ts';
import { UnitRegistry } from '#device-sim/unit/unit-registry.ts';

/** A call of the page on a device, and what comes back. */
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

/** An exchange over USB as it passes: a command on its way to the unit, or an answer on its way back. */
export interface Passing {
  readonly sn: string;
  readonly way: 'out' | 'in';
  /** INS of the command, or of the one that was answered; undefined for what is no exchange of APDUs. */
  readonly ins: number | undefined;
}

/** What one browser has of the units. */
interface Life {
  readonly devices: Map<string, USBDevice>;
  /** Not answered yet. */
  readonly calls: Set<Promise<Answer>>;
  isOver: boolean;
}

/** What the process that died still had on its way is over before the next one begins. */
async function end(life: Life): Promise<void> {
  life.isOver = true;
  const close = () => Promise.all([...life.devices.values()].map((device) => device.close().catch(() => undefined)));
  await close(); // ends what is waiting for an answer
  await Promise.allSettled(life.calls);
  await close(); // what was being opened meanwhile
}

/** PC_to_RDR_XfrBlock; its header is followed by CLA and INS. */
const XFR_BLOCK = 0x6f;
const INS_AT = 11;

export class OutsideUnits {
  /** Hears everything that passes; a promise that it gives holds the message back. */
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

  /** Plugs it in; every page may use it. */
  add(description: UnitDescription): void {
    this.#control.add(description);
    this.#permissions.grant(description.sn.padStart(32, '0'));
  }

  remove(sn: string): void {
    this.#control.remove(sn);
    this.#life.devices.delete(sn.padStart(32, '0'));
  }

  /** Has the page hear what was plugged in and out since. */
  async tell(page: Page): Promise<void> {
    await page.evaluate(() =>
      (window as unknown as { keyferryOutsideRefresh(): Promise<void> }).keyferryOutsideRefresh(),
    );
  }

  memory(sn: string): MemoryDigest {
    return this.#control.memory(sn);
  }

  /** For the next browser: whatever the last one held open is let go, as a system does for a process that died. */
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
        // It may have been unplugged since.
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

/** Runs in the page, before its first script: a WebUSB that hands every call on. */
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
  /** Undefined when a later answer came first: this one may name what is gone. */
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
  /** What was plugged in or out since is told as the browser tells it. */
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
