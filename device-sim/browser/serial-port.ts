// SerialPort as Chromium implements it (Blink's serial_port.cc). Simulates the options, the
// signals, the streams (null until the port is open) and the behaviour on unplug. Each plug-in
// creates a new object.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { ascii } from '#protocol/bytes/text.ts';
import { CORRUPT_BYTE, isReceiving } from '../unit/serial-line.ts';
import type { Unit } from '../unit/unit.ts';
import type { BrowserDevice } from './device-list.ts';
import { exception, typeError } from './dom-exception.ts';
import { SerialReadable, SerialWritable } from './serial-streams.ts';
import { ADAPTER_IDS, VENDOR_ID } from './usb-descriptors.ts';

const MAX_BUFFER_LENGTH = 16 * 1024 * 1024;
const DEFAULT_BUFFER = 255;
const CLOSED = 'The port is closed.';

interface OpenState {
  readonly options: SerialOptions;
  readable: SerialReadable | undefined;
  writable: SerialWritable | undefined;
  /** Whether the device is lost. A readable stream that fails after that is not replaced. */
  readFatal: boolean;
  /** The same as readFatal, for the writable stream. */
  writeFatal: boolean;
  dataTerminalReady: boolean;
  requestToSend: boolean;
}

export class SimulatedSerialPort extends EventTarget implements SerialPort, BrowserDevice {
  onconnect: SerialPort['onconnect'] = null;
  ondisconnect: SerialPort['ondisconnect'] = null;
  readonly #unit: Unit;
  readonly #forget: () => void;
  #open: OpenState | undefined;
  #opening = false;
  #closing = false;
  #unplugged = false;
  #connected = true;

  constructor(unit: Unit, forget: () => void) {
    super();
    this.#unit = unit;
    this.#forget = forget;
  }

  get connected(): boolean {
    return this.#connected;
  }

  get readable(): ReadableStream<Uint8Array> | null {
    const open = this.#open;
    if (open === undefined) return null;
    if (open.readable === undefined && !open.readFatal && !this.#closing) {
      const readable = new SerialReadable(open.options.bufferSize ?? DEFAULT_BUFFER, () => {
        if (open.readable === readable) open.readable = undefined;
      });
      open.readable = readable;
    }
    return open.readable?.stream ?? null;
  }

  get writable(): WritableStream<Uint8Array> | null {
    const open = this.#open;
    if (open === undefined) return null;
    if (open.writable === undefined && !open.writeFatal && !this.#closing) {
      const writable = new SerialWritable(
        (bytes) => this.#write(bytes),
        () => {
          if (open.writable === writable) open.writable = undefined;
        },
      );
      open.writable = writable;
    }
    return open.writable?.stream ?? null;
  }

  getInfo(): SerialPortInfo {
    const { productId, hasAdapter } = this.#unit.options.usb;
    return hasAdapter ? ADAPTER_IDS : { usbVendorId: VENDOR_ID, usbProductId: productId };
  }

  async open(options: SerialOptions): Promise<void> {
    const place = 'open on SerialPort';
    if (this.#opening) throw exception('InvalidStateError', place, 'A call to open() is already in progress.');
    if (this.#open !== undefined) throw exception('InvalidStateError', place, 'The port is already open.');
    checkOptions(options);
    this.#opening = true;
    await Promise.resolve();
    this.#opening = false;
    const link = this.#unit.link('serial');
    if (this.#unplugged || link === undefined || this.#unit.faults('serial').openRefusal !== undefined) {
      throw exception('NetworkError', place, 'Failed to open serial port.');
    }
    this.#open = {
      options,
      readable: undefined,
      writable: undefined,
      readFatal: false,
      writeFatal: false,
      dataTerminalReady: false,
      requestToSend: false,
    };
    link.onSend = (bytes) => this.#receive(bytes);
  }

  async close(): Promise<void> {
    const place = 'close on SerialPort';
    const open = this.#open;
    if (open === undefined) throw exception('InvalidStateError', place, 'The port is already closed.');
    if (this.#closing) throw exception('InvalidStateError', place, 'A call to close() is already in progress.');
    if (open.readable?.stream.locked === true) throw typeError(place, 'Cannot cancel a locked stream');
    if (open.writable?.stream.locked === true) throw typeError(place, 'Cannot abort a locked stream');
    this.#closing = true;
    try {
      await open.readable?.stream.cancel();
      await open.writable?.stream.abort(new DOMException(CLOSED, 'InvalidStateError'));
    } finally {
      this.#closing = false;
      this.#shut();
    }
  }

  async forget(): Promise<void> {
    const open = this.#open;
    this.#shut();
    open?.readable?.fail('NetworkError');
    open?.writable?.fail();
    this.#forget();
  }

  async setSignals(signals: SerialOutputSignals): Promise<void> {
    const place = 'setSignals on SerialPort';
    const open = this.#requireOpen(place);
    const { dataTerminalReady, requestToSend } = signals;
    if (dataTerminalReady === undefined && requestToSend === undefined && signals.break === undefined) {
      throw typeError(place, 'Signals dictionary must contain at least one member.');
    }
    await Promise.resolve();
    if (this.#unplugged) throw exception('NetworkError', place, 'Failed to set control signals.');
    const rises = dataTerminalReady === true && !open.dataTerminalReady;
    open.dataTerminalReady = dataTerminalReady ?? open.dataTerminalReady;
    open.requestToSend = requestToSend ?? open.requestToSend;
    const { bootText } = this.#unit.options.serial;
    if (rises && bootText.length > 0) this.#receive(ascii(bootText));
  }

  async getSignals(): Promise<SerialInputSignals> {
    const place = 'getSignals on SerialPort';
    this.#requireOpen(place);
    await Promise.resolve();
    if (this.#unplugged) throw exception('NetworkError', place, 'Failed to get control signals.');
    return { dataCarrierDetect: false, clearToSend: true, ringIndicator: false, dataSetReady: true };
  }

  /**
   * Fails the pending read. The port stays open until the page closes it. The next write succeeds,
   * but its bytes are lost; later writes fail.
   */
  unplug(): void {
    this.#unplugged = true;
    if (this.#open === undefined) return;
    this.#open.readFatal = true;
    this.#open.readable?.fail('NetworkError');
  }

  disconnect(): void {
    this.#connected = false;
  }

  #requireOpen(place: 'setSignals on SerialPort' | 'getSignals on SerialPort'): OpenState {
    if (this.#open === undefined) throw exception('InvalidStateError', place, CLOSED);
    return this.#open;
  }

  #shut(): void {
    const link = this.#unit.link('serial');
    if (link !== undefined && this.#open !== undefined) link.onSend = undefined;
    this.#open = undefined;
  }

  #write(bytes: Bytes): void {
    if (this.#unplugged) this.#loseWritable();
    else if (this.#isReceiving()) this.#unit.link('serial')?.receive(bytes);
  }

  /**
   * Puts the writable stream into its error state after the current write. That write succeeds, and
   * the next one fails.
   */
  #loseWritable(): void {
    const open = this.#open;
    if (open === undefined) return;
    open.writeFatal = true;
    queueMicrotask(() => open.writable?.fail());
  }

  #isReceiving(): boolean {
    if (this.#open === undefined) return false;
    const { baudRate, parity = 'none' } = this.#open.options;
    return isReceiving(this.#unit.options.serial, { baudRate, parity }, this.#open);
  }

  #receive(bytes: Bytes): void {
    // Uses the getter `readable`, which creates the stream. The stream buffers the bytes until the
    // page reads them. Chromium differs: it reads from the line only after the page has used the
    // getter.
    if (this.readable === null) return;
    const lineError = this.#unit.faults('serial').takeLineError();
    if (lineError === undefined) this.#open?.readable?.push(bytes);
    // A line without parity cannot detect a parity error and delivers a corrupt byte.
    else if (lineError === 'ParityError' && (this.#open?.options.parity ?? 'none') === 'none') {
      this.#open?.readable?.push(Uint8Array.of(CORRUPT_BYTE));
    } else this.#open?.readable?.fail(lineError);
  }
}

function checkOptions(options: SerialOptions): void {
  const place = 'open on SerialPort';
  const { baudRate, dataBits = 8, stopBits = 1, bufferSize = DEFAULT_BUFFER } = options;
  if (!(baudRate > 0)) throw typeError(place, 'Requested baud rate must be greater than zero.');
  if (dataBits !== 7 && dataBits !== 8) throw typeError(place, 'Requested number of data bits must be 7 or 8.');
  if (stopBits !== 1 && stopBits !== 2) throw typeError(place, 'Requested number of stop bits must be 1 or 2.');
  if (!(bufferSize > 0)) {
    throw typeError(place, `Requested buffer size (${bufferSize} bytes) must be greater than zero.`);
  }
  if (bufferSize > MAX_BUFFER_LENGTH) {
    const message = `Requested buffer size (${bufferSize} bytes) is greater than the maximum allowed (${MAX_BUFFER_LENGTH} bytes).`;
    throw typeError(place, message);
  }
}
