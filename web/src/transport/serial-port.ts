// A Port over Web Serial: octets without borders (docs/protocol.md clause 5, Web Serial). The one owner of the port's streams.
// Knows nothing of the blocks that it carries.
import { asBytes, type Bytes } from '#protocol/bytes/bytes.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { Port } from '#protocol/framing/port.ts';
import { explain, ignoreRefusal, type Moment, type Platform } from './browser-error.ts';
import { PendingRead } from './pending-read.ts';
import type { Presence } from './presence.ts';
import type { SerialSettings } from './profiles.ts';
import { type After, limited, within } from './timer.ts';

/** The browser's 255 octets overrun at the first pause of the page. */
const BUFFER_SIZE = 65_536;
const STEP_MS = 5000;
const CLOSE_MS = 2000;
/** The line was disturbed and the stream has ended, but the port goes on with a new reader: framing has the block sent again. */
const LINE_ERRORS: readonly string[] = ['BufferOverrunError', 'BreakError', 'FramingError', 'ParityError'];
/** Line errors in a row without one octet between them: wrong baud rate or parity, or a broken cable. */
const MAX_LINE_ERRORS = 32;

export interface SerialPortOptions {
  readonly platform: Platform;
  readonly presence: Presence;
  readonly timer: After;
}

/**
 * Opens the port, DTR and RTS set; on a failure it is closed again.
 * @throws ProtocolError device-busy, access-denied, device-lost, link-timeout
 */
export async function openSerialPort(
  line: SerialPort,
  settings: SerialSettings,
  surroundings: SerialPortOptions,
): Promise<Port> {
  const port = new SerialLinePort(line, surroundings);
  try {
    await port.open(settings);
  } catch (error) {
    await port.close();
    throw error;
  }
  return port;
}

class SerialLinePort implements Port {
  readonly #line: SerialPort;
  readonly #surroundings: SerialPortOptions;
  readonly #input: PendingRead;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #opened = false;
  #closing: Promise<void> | undefined;

  constructor(line: SerialPort, surroundings: SerialPortOptions) {
    this.#line = line;
    this.#surroundings = surroundings;
    this.#input = new PendingRead(() => this.#pull(), surroundings.timer);
    void surroundings.presence.lost.then(() => this.#input.end('the port was disconnected'));
  }

  async open({ baudRate, parity }: SerialSettings): Promise<void> {
    const line = this.#line;
    const options: SerialOptions = { baudRate, parity, dataBits: 8, stopBits: 1, flowControl: 'none' };
    const opened = async (): Promise<void> => {
      await line.open({ ...options, bufferSize: BUFFER_SIZE });
      this.#opened = true;
      if (this.#closing !== undefined) await line.close(); // it came too late, and nobody waits for it any more
    };
    await this.#step('open', opened());
    // Said explicitly, since what an operating system sets by itself differs, and a unit may wait for both. A line without
    // modem signals refuses, and needs none.
    await this.#step('open', line.setSignals({ dataTerminalReady: true, requestToSend: true }).catch(ignoreRefusal));
    this.#writer = line.writable?.getWriter();
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#writer === undefined) throw new ProtocolError('device-lost', 'the port is closed');
    // Chromium takes octets for a port that is gone, and loses them.
    if (this.#surroundings.presence.gone) throw new ProtocolError('device-lost', 'the port was disconnected');
    await this.#step('transfer', this.#writer.write(asBytes(bytes)));
  }

  read(timeoutMs: number): Promise<Bytes | undefined> {
    return this.#input.read(timeoutMs);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The next octets that arrive, over any number of line errors. */
  async #pull(): Promise<Bytes> {
    for (let errors = 0; errors < MAX_LINE_ERRORS; ) {
      try {
        const { value, done } = await this.#currentReader().read();
        if (done) throw new ProtocolError('device-lost', 'the stream has ended');
        if (value.length > 0) return asBytes(value);
      } catch (error) {
        if (!(error instanceof DOMException && LINE_ERRORS.includes(error.name)))
          throw await this.#explain('transfer', error);
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
    if (this.#reader === undefined) throw new ProtocolError('device-lost', 'the port has no readable stream any more');
    return this.#reader;
  }

  /** Something that the port or its driver does at once, or never. */
  #step<T>(moment: Moment, action: Promise<T>): Promise<T> {
    return limited(action, STEP_MS, this.#surroundings.timer, {
      expired: () => new ProtocolError('link-timeout', `serial ${moment}: no answer within ${STEP_MS} ms`),
      failed: (error) => this.#explain(moment, error),
    });
  }

  #explain(moment: Moment, error: unknown): Promise<unknown> {
    const { platform, presence, timer } = this.#surroundings;
    return explain(error, { moment, kind: 'serial', platform }, presence, timer);
  }

  /** cancel → releaseLock → close: a port with a locked stream cannot be closed, and one left open is "already open" next time. */
  async #close(): Promise<void> {
    this.#input.end('the port is closed');
    await this.#quietly(this.#reader?.cancel());
    this.#reader?.releaseLock();
    await this.#quietly(this.#writer?.abort());
    this.#writer?.releaseLock();
    this.#writer = undefined;
    if (this.#opened) await this.#quietly(this.#line.close());
  }

  async #quietly(action: Promise<void> | undefined): Promise<void> {
    if (action) await within(action.catch(ignoreRefusal), CLOSE_MS, this.#surroundings.timer);
  }
}
