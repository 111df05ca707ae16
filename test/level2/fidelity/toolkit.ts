// What a probe has in hand inside the page: the device, the unit's permitted handles, and words for what it sees. The same at level 1,
// where the simulator stands in the page, and at level 2, where it is another process.
import type { Page } from '@playwright/test';
import type { DeviceProcess } from '#device-host/umockdev/device-process.ts';
import type { DeviceControl, Method } from '#device-host/umockdev/messages.ts';
import type { UnitDescription } from '#device-sim/setup/description.ts';
import type { Fault } from '#device-sim/unit/faults.ts';
import { injectSimulator } from '#test/e2e/support/inject.ts';

export interface Probe {
  /** What happened, in its order. */
  readonly log: string[];
  usb(): Promise<USBDevice>;
  /** Open, configured, interface 0 claimed. */
  claimed(): Promise<USBDevice>;
  port(): Promise<SerialPort>;
  /** Open at 115200 with a buffer of 64 KiB, DTR and RTS set. */
  opened(parity?: ParityType): Promise<SerialPort>;
  fault(fault: Fault): Promise<void>;
  clearFaults(): Promise<void>;
  plug(): Promise<void>;
  unplug(): Promise<void>;
  /** Waits for the page's next event of that kind after the last plug or unplug. */
  told(type: 'connect' | 'disconnect'): Promise<void>;
  /** Notes how it ended. */
  see(what: string, action: () => Promise<unknown>): Promise<void>;
  /** Notes the events of both interfaces from now on. */
  watch(): void;
  sleep(ms: number): Promise<void>;
}

declare global {
  interface Window {
    probe: Probe;
    probeDevice: (method: string, ...args: unknown[]) => Promise<unknown>;
  }
}

/** Runs in the page. */
export function install(sn: string): void {
  const log: string[] = [];
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const hex = (bytes: Uint8Array): string => [...bytes].map((octet) => octet.toString(16).padStart(2, '0')).join('');
  const said = (value: unknown): string => {
    if (value instanceof DataView) return hex(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    if (value instanceof Uint8Array) return hex(value);
    if (typeof value !== 'object' || value === null) return String(value);
    // Results of transfers have getters only.
    const names = ['status', 'data', 'bytesWritten', 'done', 'value'].filter((name) => name in value);
    const own = names.length > 0 ? names : Object.keys(value).sort();
    return `{${own.map((name) => `${name} ${said((value as Record<string, unknown>)[name])}`).join(', ')}}`;
  };
  const device = async (method: string): Promise<void> => void (await window.probeDevice(method, sn));
  const until = async <T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> => {
    for (const limit = performance.now() + 15_000; performance.now() < limit; await sleep(20)) {
      const found = await look();
      if (found !== undefined) return found;
    }
    throw new Error(`${what}: nothing came`);
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
    fault: async (fault) => void (await window.probeDevice('fault', sn, fault)),
    clearFaults: () => device('clearFaults'),
    plug: () => move('plug'),
    unplug: () => move('unplug'),
    async told(type) {
      await until(type, () => (events[type] > 0 ? true : undefined));
    },
    async see(what, action) {
      try {
        const value = await action();
        log.push(`${what}: ${value === undefined ? 'done' : said(value)}`);
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

/** Level 1: the simulator in the page, the unit permitted. */
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
  await page.evaluate(install, unit.sn);
}

/** Level 2: the browser's own interfaces, the unit permitted by policy. */
export async function prepareReal(page: Page, url: string, unit: UnitDescription, desk: DeviceProcess): Promise<void> {
  await page.exposeFunction('probeDevice', (method: Method, ...args: unknown[]) =>
    desk.call(method, ...(args as Parameters<DeviceControl[Method]>)),
  );
  await page.goto(url);
  await page.evaluate(install, unit.sn);
}
