// A manual timer and scripted browser objects, for cases that the simulator does not cover.

import { PROFILES } from '#web/transport/device-profiles.ts';
import { Links } from '#web/transport/links.ts';
import type { Timer } from '#web/transport/timer.ts';

export class ManualTimer {
  #now = 0;
  #pending: { readonly at: number; readonly callback: () => void }[] = [];

  readonly after: Timer = (ms, callback) => {
    const entry = { at: this.#now + ms, callback };
    this.#pending.push(entry);
    return () => {
      this.#pending = this.#pending.filter((other) => other !== entry);
    };
  };

  get count(): number {
    return this.#pending.length;
  }

  /** Advances the time and runs every callback that becomes due. */
  async advance(ms: number): Promise<void> {
    await settled();
    this.#now += ms;
    for (const entry of this.#pending.filter(({ at }) => at <= this.#now)) {
      this.#pending = this.#pending.filter((other) => other !== entry);
      entry.callback();
    }
    await settled();
  }
}

/** Resolves when all promises that need no timer have settled. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/**
 * Creates Links that use the given browser objects. A missing object is undefined, as in some
 * browsers.
 */
export function linksOver(
  browser: { usb?: object; serial?: object },
  timer: ManualTimer,
  profiles = () => PROFILES,
): Links {
  return new Links({
    usb: browser.usb as USB | undefined,
    serial: browser.serial as Serial | undefined,
    platform: 'linux',
    profiles,
    timer: timer.after,
    now: () => 0,
  });
}

/** Returns a USB interface of class `interfaceClass` with one bulk endpoint in each direction. */
export function usbInterface(
  interfaceClass: number,
  options: { number?: number; packetSize?: number } = {},
): USBInterface {
  const { number = 0, packetSize = 64 } = options;
  const alternate: USBAlternateInterface = {
    alternateSetting: 0,
    interfaceClass,
    interfaceSubclass: 0,
    interfaceProtocol: 0,
    interfaceName: null,
    endpoints: [
      { endpointNumber: 1, direction: 'in', type: 'bulk', packetSize },
      { endpointNumber: 2, direction: 'out', type: 'bulk', packetSize },
    ],
  };
  return { interfaceNumber: number, alternate, alternates: [alternate], claimed: false };
}

/** A USBDevice that records its calls and returns scripted results. */
export class FakeDevice {
  readonly calls: string[] = [];
  readonly usbVersionMajor = 2;
  readonly usbVersionMinor = 0;
  readonly usbVersionSubminor = 0;
  readonly deviceClass: number = 0;
  readonly deviceSubclass = 0;
  readonly deviceProtocol = 0;
  vendorId = 0x1209;
  productId = 0x0001;
  readonly deviceVersionMajor = 1;
  readonly deviceVersionMinor = 0;
  readonly deviceVersionSubminor = 0;
  readonly manufacturerName = null;
  productName: string | null = 'Unit';
  serialNumber: string | null = null;
  configuration: USBConfiguration | null = null;
  configurations: USBConfiguration[];
  opened = false;
  /** Behaviour of each method, by name. It runs after the call is recorded. */
  readonly on: Partial<Record<string, (...args: unknown[]) => Promise<unknown>>> = {};

  constructor(...interfaces: USBInterface[]) {
    this.configurations = [{ configurationValue: 1, configurationName: null, interfaces }];
  }

  open = async (): Promise<void> => {
    await this.#do('open');
    this.opened = true;
  };
  close = async (): Promise<void> => {
    await this.#do('close');
    this.opened = false;
  };
  forget = async (): Promise<void> => void (await this.#do('forget'));
  reset = async (): Promise<void> => void (await this.#do('reset'));
  selectConfiguration = async (value: number): Promise<void> => {
    await this.#do('selectConfiguration', value);
    this.configuration = this.configurations.find(({ configurationValue }) => configurationValue === value) ?? null;
  };
  claimInterface = async (number: number): Promise<void> => void (await this.#do('claimInterface', number));
  releaseInterface = async (number: number): Promise<void> => void (await this.#do('releaseInterface', number));
  selectAlternateInterface = async (number: number, setting: number): Promise<void> =>
    void (await this.#do('selectAlternateInterface', number, setting));
  clearHalt = async (direction: USBDirection, endpoint: number): Promise<void> =>
    void (await this.#do('clearHalt', direction, endpoint));
  transferIn = (endpoint: number, length: number): Promise<USBInTransferResult> =>
    this.#do('transferIn', endpoint, length) as Promise<USBInTransferResult>;
  transferOut = async (endpoint: number, data: BufferSource): Promise<USBOutTransferResult> =>
    ((await this.#do('transferOut', endpoint, data)) as USBOutTransferResult | undefined) ?? {
      status: 'ok',
      bytesWritten: data.byteLength,
    };
  controlTransferIn = (): Promise<USBInTransferResult> => this.#do('controlTransferIn') as Promise<USBInTransferResult>;
  controlTransferOut = (): Promise<USBOutTransferResult> =>
    this.#do('controlTransferOut') as Promise<USBOutTransferResult>;
  isochronousTransferIn = (): Promise<USBIsochronousInTransferResult> =>
    this.#do('isochronousTransferIn') as Promise<USBIsochronousInTransferResult>;
  isochronousTransferOut = (): Promise<USBIsochronousOutTransferResult> =>
    this.#do('isochronousTransferOut') as Promise<USBIsochronousOutTransferResult>;

  async #do(method: string, ...args: unknown[]): Promise<unknown> {
    this.calls.push([method, ...args.filter((arg) => typeof arg !== 'object')].join(' '));
    return await this.on[method]?.(...args);
  }
}

export function inResult(status: USBTransferStatus, ...bytes: number[]): USBInTransferResult {
  return { status, data: new DataView(Uint8Array.from(bytes).buffer) };
}

/** Creates a function that returns the answers in order, and from then on the last answer. */
export function inTurn<T>(...answers: readonly (T | Promise<T>)[]): () => Promise<T> {
  let next = 0;
  return async () => {
    const answer = answers[Math.min(next++, answers.length - 1)];
    if (answer === undefined) throw new RangeError('no answer is left');
    return await answer;
  };
}

export const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

export const refusal = (name: string) => (): Promise<never> => Promise.reject(new DOMException('scripted', name));

/** A fake SerialPort. The test provides its input. */
export class FakeLine extends EventTarget {
  readonly calls: string[] = [];
  readonly written: number[][] = [];
  onconnect = null;
  ondisconnect = null;
  connected = true;
  ids: SerialPortInfo = {};
  readable: ReadableStream<Uint8Array> | null = null;
  writable: WritableStream<Uint8Array> | null = null;
  readonly on: Partial<Record<'open' | 'setSignals' | 'write' | 'close', () => Promise<void>>> = {};
  #source: ReadableStreamDefaultController<Uint8Array> | undefined;

  async open(options: SerialOptions): Promise<void> {
    this.calls.push(`open ${options.baudRate} ${options.parity} ${options.bufferSize}`);
    await this.on.open?.();
    this.#newReadable();
    this.writable = new WritableStream<Uint8Array>({
      write: async (bytes) => {
        await this.on.write?.();
        this.written.push([...bytes]);
      },
    });
  }

  async setSignals({ dataTerminalReady, requestToSend }: SerialOutputSignals): Promise<void> {
    this.calls.push(`setSignals ${dataTerminalReady} ${requestToSend}`);
    await this.on.setSignals?.();
  }

  getSignals(): Promise<SerialInputSignals> {
    return Promise.reject(new DOMException('scripted', 'NetworkError'));
  }

  getInfo(): SerialPortInfo {
    return this.ids;
  }

  async close(): Promise<void> {
    this.calls.push('close');
    if (this.readable?.locked || this.writable?.locked) throw new TypeError('a stream is locked');
    await this.on.close?.();
    this.readable = null;
    this.writable = null;
  }

  async forget(): Promise<void> {}

  feed(...bytes: number[]): void {
    this.#source?.enqueue(Uint8Array.from(bytes));
  }

  /**
   * Ends the stream with an error named `name`. The port then has a new stream unless `isLost` is
   * true.
   */
  fail(name: string, isLost = false): void {
    const source = this.#source;
    if (isLost) this.readable = null;
    else this.#newReadable();
    source?.error(new DOMException('scripted', name));
  }

  #newReadable(): void {
    this.readable = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#source = controller;
      },
    });
  }
}
