// What a page sees of WebUSB and Web Serial, one observation each, as words: for the real browser on a real kernel and for whatever
// imitates either. Knows neither; it is handed a page that may use one unit over both links, and a hand that plugs it.
import type { Page } from '@playwright/test';
import type { Fault, LinkKind } from '#device-sim/faults.ts';

/** Where a behaviour is looked at. */
export interface Bench {
  /** A page without code of its own, permitted to use the unit. */
  readonly page: Page;
  /** Resolves when the page can find the unit again. */
  plug(): Promise<void>;
  unplug(): Promise<void>;
  arm(fault: Fault): void;
  /** Another program or page holds the link until the returned function is called. */
  occupy(link: LinkKind): Promise<() => Promise<void>>;
  /** What the unit saw of the line since it was last asked: "115200 8N1", "DTR 1 RTS 1", "break". */
  line(): readonly string[];
}

export interface Behaviour {
  readonly name: string;
  observe(bench: Bench): Promise<string>;
}

/** Runs in the page: what came of it, in words. */
type InPage = () => Promise<unknown>;

/** What the page's side of an observation uses; put into the page by prepare(). */
interface Tools {
  usb(): Promise<USBDevice>;
  /** Opened, configured and with the unit's vendor interface claimed. */
  claimedUsb(): Promise<USBDevice>;
  port(): Promise<SerialPort>;
  openPort(options?: Partial<SerialOptions>): Promise<SerialPort>;
  /** The result or the exception of a call, in words. */
  see(work: Promise<unknown>): Promise<string>;
  /** The order in which things came. */
  readonly log: string[];
  note(what: string): (work: Promise<unknown>) => Promise<void>;
}

declare global {
  interface Window {
    tools: Tools;
    started: Promise<unknown>;
  }
}

/** Runs in the page. */
const putTools = (): void => {
  const log: string[] = [];
  const words = (value: unknown): string => {
    if (value === undefined) return 'done';
    const { status, bytesWritten, data } = Object(value) as { status?: string; bytesWritten?: number; data?: DataView };
    if (bytesWritten !== undefined) return `${status}, ${bytesWritten} written`;
    if (status !== undefined) return `${status}, ${data?.byteLength ?? 0} octets`;
    return typeof value === 'string' ? value : JSON.stringify(value);
  };
  const see = async (work: Promise<unknown>): Promise<string> => {
    try {
      return words(await work);
    } catch (error) {
      return error instanceof Error || error instanceof DOMException
        ? `${error.name}: ${error.message}`
        : String(error);
    }
  };
  const usb = async (): Promise<USBDevice> => {
    const [device] = await navigator.usb.getDevices();
    if (device === undefined) throw new Error('no USB device is permitted');
    if (device.opened) await device.close();
    return device;
  };
  const port = async (): Promise<SerialPort> => {
    const ports = await navigator.serial.getPorts();
    const found = ports.find((candidate) => candidate.connected !== false);
    if (found === undefined) throw new Error('no serial port is permitted');
    if (found.readable !== null || found.writable !== null) await found.close();
    return found;
  };
  window.tools = {
    log,
    see,
    usb,
    port,
    async claimedUsb() {
      const device = await usb();
      await device.open();
      if (device.configuration === null) await device.selectConfiguration(1);
      await device.claimInterface(0);
      return device;
    },
    async openPort(options = {}) {
      const opened = await port();
      await opened.open({ baudRate: 115_200, bufferSize: 65_536, ...options });
      return opened;
    },
    note: (what) => async (work) => {
      const seen = await see(work);
      log.push(`${what} ${seen}`);
    },
  };
  navigator.usb.addEventListener('disconnect', () => void log.push('usb disconnect'));
  navigator.usb.addEventListener('connect', () => void log.push('usb connect'));
  navigator.serial.addEventListener('disconnect', () => void log.push('serial disconnect'));
  navigator.serial.addEventListener('connect', () => void log.push('serial connect'));
};

/** Puts the tools into a page that was just loaded. */
export async function prepare(page: Page): Promise<void> {
  await page.evaluate(putTools);
}

export const seen = (name: string, inPage: InPage): Behaviour => ({
  name,
  observe: async ({ page }) => String(await page.evaluate(inPage)),
});

export const logOf = (page: Page): Promise<string> => page.evaluate(() => window.tools.log.splice(0).join('; '));

/** Long enough for everything that an unplugging sets off, also on a slow machine. */
export const SETTLED_MS = 4000;

/** Starts something in the page that pulling the plug ends, pulls it, and tells in which order what came. */
export function pulled(name: string, start: () => Promise<unknown>): Behaviour {
  return {
    name,
    async observe(bench) {
      const { page } = bench;
      await page.evaluate(start);
      await logOf(page);
      await bench.unplug();
      await page.waitForTimeout(SETTLED_MS);
      const order = await logOf(page);
      await bench.plug();
      return order;
    },
  };
}
