// The object `window.probe` with which a behaviour acts on the device and the unit and records its
// observations. At level 1 the simulator is in the page; at levels 2 and 3 it is outside the
// browser.
import type { Page } from '@playwright/test';
import type { DeviceProcess } from '#device-host/umockdev/device-process.ts';
import type { DeviceControl, Method } from '#device-host/umockdev/messages.ts';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import type { Fault } from '#device-sim/unit/faults.ts';
import { injectSimulator } from '#test/e2e/support/inject.ts';

export interface Probe {
  /** PC_to_RDR_GetSlotStatus (CCID 1.1 clause 6.1.3), which the unit answers. */
  readonly GET_SLOT_STATUS: Uint8Array<ArrayBuffer>;
  /** S(RESYNCH request) of T=1 (docs/protocol.md clause 5.1), which the unit answers. */
  readonly RESYNCH: Uint8Array<ArrayBuffer>;
  /** The observations, oldest first. */
  readonly log: string[];
  usb(): Promise<USBDevice>;
  /** The USB device, open and configured, with interface 0 claimed. */
  claimed(): Promise<USBDevice>;
  port(): Promise<SerialPort>;
  /** The port, open at 115200 baud with a buffer of 64 KiB, with DTR and RTS set. */
  opened(parity?: ParityType): Promise<SerialPort>;
  /** Sends RESYNCH and records what it reads, then does the same on the next stream of the port. */
  readTwice(port: SerialPort): Promise<void>;
  fault(fault: Fault): Promise<void>;
  clearFaults(): Promise<void>;
  plug(): Promise<void>;
  unplug(): Promise<void>;
  /** Waits for the first event of this type after the last plug() or unplug(). */
  nextEvent(type: 'connect' | 'disconnect'): Promise<void>;
  /** Records the result or the error of an action. */
  record(what: string, action: () => Promise<unknown>): Promise<void>;
  /** Records the events of both interfaces from now on. */
  watch(): void;
  sleep(ms: number): Promise<void>;
}

declare global {
  interface Window {
    probe: Probe;
    probeDevice: (method: string, ...args: unknown[]) => Promise<unknown>;
  }
}

/** Creates `window.probe`. Runs in the page, so it imports nothing. */
export function installProbe(sn: string): void {
  const log: string[] = [];
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const format = (value: unknown): string => {
    if (value instanceof DataView) return hex(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    if (value instanceof Uint8Array) return hex(value);
    if (typeof value !== 'object' || value === null) return String(value);
    // The properties of transfer results are getters of the prototype, so Object.keys() does not
    // list them.
    const names = ['status', 'data', 'bytesWritten', 'done', 'value'].filter((name) => name in value);
    const own = names.length > 0 ? names : Object.keys(value).sort();
    return `{${own.map((name) => `${name} ${format((value as Record<string, unknown>)[name])}`).join(', ')}}`;
  };
  const device = async (method: string): Promise<void> => void (await window.probeDevice(method, sn));
  const until = async <T>(what: string, find: () => T | undefined | Promise<T | undefined>): Promise<T> => {
    for (const limit = performance.now() + 15_000; performance.now() < limit; await sleep(20)) {
      const found = await find();
      if (found !== undefined) return found;
    }
    throw new Error(`${what}: timeout`);
  };
  const first = async <T>(list: () => Promise<T[]>): Promise<T> => {
    const { found } = await until('a unit', async () => {
      const [found] = await list();
      return found === undefined ? undefined : { found };
    });
    return found;
  };
  const events = { connect: 0, disconnect: 0 };
  for (const type of ['connect', 'disconnect'] as const) {
    navigator.usb.addEventListener(type, () => events[type]++);
    navigator.serial.addEventListener(type, () => events[type]++);
  }
  const move = (method: 'plug' | 'unplug'): Promise<void> => {
    events.connect = 0;
    events.disconnect = 0;
    return device(method);
  };
  const probe: Probe = {
    GET_SLOT_STATUS: Uint8Array.of(0x65, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    RESYNCH: Uint8Array.of(0x00, 0xc0, 0x00, 0x0c, 0x66),
    log,
    usb: () => first(() => navigator.usb.getDevices()),
    async claimed() {
      const unit = await probe.usb();
      await unit.open();
      if (unit.configuration === null) await unit.selectConfiguration(1);
      await unit.claimInterface(0);
      return unit;
    },
    port: () => first(() => navigator.serial.getPorts()),
    async opened(parity = 'none') {
      const port = await probe.port();
      await port.open({ baudRate: 115_200, bufferSize: 65_536, parity });
      await port.setSignals({ dataTerminalReady: true, requestToSend: true });
      return port;
    },
    async readTwice(port) {
      const writer = port.writable?.getWriter();
      const { readable } = port;
      const reader = readable?.getReader();
      await writer?.write(probe.RESYNCH);
      await probe.record('read', async () => reader?.read());
      reader?.releaseLock();
      log.push(`another stream: ${port.readable !== null && port.readable !== readable}`);
      const nextReader = port.readable?.getReader();
      await writer?.write(probe.RESYNCH);
      await probe.record('read', async () => nextReader?.read());
    },
    fault: async (fault) => void (await window.probeDevice('fault', sn, fault)),
    clearFaults: () => device('clearFaults'),
    plug: () => move('plug'),
    unplug: () => move('unplug'),
    async nextEvent(type) {
      await until(type, () => (events[type] > 0 ? true : undefined));
    },
    async record(what, action) {
      try {
        const value = await action();
        log.push(`${what}: ${value === undefined ? 'done' : format(value)}`);
      } catch (error) {
        const { name, message } = error as Error;
        log.push(`${what}: ${name}: ${message.replace(/^Failed to execute '\w+' on '\w+': /, '')}`);
      }
    },
    watch() {
      for (const type of ['connect', 'disconnect'] as const) {
        navigator.usb.addEventListener(type, () => log.push(`event ${type}`));
        navigator.serial.addEventListener(type, () => log.push(`event ${type}`));
      }
    },
    sleep,
  };
  window.probe = probe;
}

/** Prepares level 1: the simulator is in the page, and the unit is permitted. */
export async function prepareFake(page: Page, url: string, unit: UnitDescription): Promise<void> {
  await injectSimulator(page, [unit], { persist: false });
  await page.goto(url);
  await page.evaluate(async ({ sn, link }) => {
    window.probeDevice = async (method, ...args) => {
      const control = window.keyferrySimulator as unknown as Record<string, (...of: unknown[]) => unknown>;
      return control[method]?.(...args);
    };
    window.keyferrySimulator?.nextChoice(sn);
    if (link === 'serial') await navigator.serial.requestPort();
    else await navigator.usb.requestDevice({ filters: [] });
    if (link === 'both') {
      window.keyferrySimulator?.nextChoice(sn);
      await navigator.serial.requestPort();
    }
  }, unit);
  await page.evaluate(installProbe, unit.sn);
}

/** Prepares level 2: the page uses the browser's real interfaces, and a policy permits the unit. */
export async function prepareReal(
  page: Page,
  url: string,
  unit: UnitDescription,
  devices: DeviceProcess,
): Promise<void> {
  await page.exposeFunction('probeDevice', (method: Method, ...args: unknown[]) =>
    devices.call(method, ...(args as Parameters<DeviceControl[Method]>)),
  );
  await page.goto(url);
  await page.evaluate(installProbe, unit.sn);
}
