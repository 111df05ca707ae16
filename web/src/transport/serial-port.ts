// Implements Port over Web Serial, which carries T=1 blocks in a stream of bytes without message
// boundaries (docs/protocol.md clause 5, Web Serial). The page loads this file with the first
// serial link.
import type { Transmit } from '#protocol/apdu/transmit.ts';
import { asBytes, type Bytes } from '#protocol/bytes/bytes.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { type Clock, connect } from '#protocol/framing/connect.ts';
import type { Port } from '#protocol/framing/port.ts';
import { t1Host } from '#protocol/framing/t1-host.ts';
import { BrowserCalls, openedPort, type PortOptions } from './browser-calls.ts';
import { ignoreRefusal } from './browser-error.ts';
import type { SerialSettings } from './device-profiles.ts';
import { PendingRead } from './pending-read.ts';
import type { UnplugSignal } from './unplug-signal.ts';

/** In bytes. The browser's default of 255 overruns as soon as the page pauses between two reads. */
const BUFFER_SIZE = 65_536;
/** Errors that end the stream but leave the port open. A new reader continues. */
const LINE_ERRORS: readonly string[] = ['BufferOverrunError', 'BreakError', 'FramingError', 'ParityError'];
/**
 * Maximum number of consecutive line errors. More indicate a wrong baud rate, a wrong parity or a
 * bad cable.
 */
const MAX_LINE_ERRORS = 32;

/**
 * Opens the port and sets DTR and RTS. Closes the port on a failure.
 * @throws ProtocolError device-busy, access-denied, device-lost, link-timeout
 */
export async function openSerialPort(line: SerialPort, settings: SerialSettings, options: PortOptions): Promise<Port> {
  const port = new SerialLinePort(line, options);
  return await openedPort(port, port.open(settings));
}

/** Starts T=1 framing. Closes the port on a failure. @throws ProtocolError (LinkErrorCode) */
export function connectT1(port: Port, { edc, bwtMs }: SerialSettings, now: Clock): Promise<Transmit> {
  return connect(port, t1Host({ edc, bwtMs }), now);
}

class SerialLinePort implements Port {
  readonly #line: SerialPort;
  readonly #unplugSignal: UnplugSignal;
  readonly #calls: BrowserCalls;
  readonly #input: PendingRead;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #isOpen = false;
  #closing: Promise<void> | undefined;

  constructor(line: SerialPort, options: PortOptions) {
    this.#line = line;
    this.#unplugSignal = options.unplugSignal;
    this.#calls = new BrowserCalls('serial', options);
    this.#input = new PendingRead(() => this.#pull(), options.timer);
    void options.unplugSignal.unplugged.then(() => this.#input.end('the port was disconnected'));
  }

  async open({ baudRate, parity }: SerialSettings): Promise<void> {
    const line = this.#line;
    const options: SerialOptions = { baudRate, parity, dataBits: 8, stopBits: 1, flowControl: 'none' };
    const open = async (): Promise<void> => {
      await line.open({ ...options, bufferSize: BUFFER_SIZE });
      this.#isOpen = true;
      if (this.#closing !== undefined) await line.close(); // open() ended after its timeout
    };
    await this.#calls.run('open', open());
    // Operating systems set different signals when they open a port. A unit may wait until both DTR
    // and RTS are set. A port without modem signals rejects the call, which has no consequence.
    const signals = line.setSignals({ dataTerminalReady: true, requestToSend: true });
    await this.#calls.run('open', signals.catch(ignoreRefusal));
    this.#writer = line.writable?.getWriter();
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#writer === undefined) throw new ProtocolError('device-lost', 'the port is closed');
    // Chromium accepts bytes for an unplugged port and loses them.
    if (this.#unplugSignal.isUnplugged) throw new ProtocolError('device-lost', 'the port was disconnected');
    await this.#calls.run('transfer', this.#writer.write(asBytes(bytes)));
  }

  read(timeoutMs: number): Promise<Bytes | undefined> {
    return this.#input.read(timeoutMs);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Resolves with the next bytes. Continues after line errors. */
  async #pull(): Promise<Bytes> {
    for (let errors = 0; errors < MAX_LINE_ERRORS; ) {
      try {
        const { value, done } = await this.#currentReader().read();
        if (done) throw new ProtocolError('device-lost', 'the stream has ended');
        if (value.length > 0) return asBytes(value);
      } catch (error) {
        if (!(error instanceof DOMException && LINE_ERRORS.includes(error.name)))
          throw await this.#calls.explain('transfer', error);
        errors++;
        this.#reader?.releaseLock();
        this.#reader = undefined;
      }
    }
    throw new ProtocolError('link-garbled', `${MAX_LINE_ERRORS} line errors in a row: baud rate, parity or cable`);
  }

  /** @throws ProtocolError device-lost */
  #currentReader(): ReadableStreamDefaultReader<Uint8Array> {
    this.#reader ??= this.#closing === undefined ? this.#line.readable?.getReader() : undefined;
    if (this.#reader === undefined) throw new ProtocolError('device-lost', 'the port has no readable stream');
    return this.#reader;
  }

  /** Releases both streams first: the browser refuses to close a port with a locked stream. */
  async #close(): Promise<void> {
    this.#input.end('the port is closed');
    await this.#calls.quietly(this.#reader?.cancel());
    this.#reader?.releaseLock();
    await this.#calls.quietly(this.#writer?.abort());
    this.#writer?.releaseLock();
    this.#writer = undefined;
    if (this.#isOpen) await this.#calls.quietly(this.#line.close());
  }
}
