// The two streams of an open serial port as Chromium makes them (Blink's serial_port_underlying_source and _sink): a byte stream with
// a buffer of the size that the page asked for, which runs over, and a sink. Knows nothing of ports and permissions.
import { type Bytes, copy } from '#protocol/bytes/bytes.ts';
import type { LineError } from '../unit/faults.ts';

export type SerialErrorName = LineError | 'NetworkError';

const MESSAGES: Readonly<Record<SerialErrorName, string>> = {
  NetworkError: 'The device has been lost.',
  BufferOverrunError: 'Buffer overrun',
  BreakError: 'Break received',
  FramingError: 'Framing error',
  ParityError: 'Parity error',
};

export function serialError(name: SerialErrorName): DOMException {
  return new DOMException(MESSAGES[name], name);
}

export class SerialReadable {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #bufferSize: number;
  #buffer: Bytes[] = [];
  #buffered = 0;
  #error: DOMException | undefined;
  #controller: ReadableByteStreamController | undefined;
  /** The stream waits for octets. */
  #isWaiting = false;
  #ended = false;
  readonly #onEnd: () => void;

  /** `onEnd` is called once, when the stream was cancelled or has failed: the port then gives another. */
  constructor(bufferSize: number, onEnd: () => void) {
    this.#bufferSize = bufferSize;
    this.#onEnd = onEnd;
    this.stream = new ReadableStream({
      type: 'bytes',
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => {
        this.#isWaiting = true;
        this.#serve();
      },
      cancel: () => this.#end(),
    });
  }

  /** What does not fit is lost, and the page hears of it when it has read what did. */
  push(bytes: Bytes): void {
    if (this.#ended || this.#error !== undefined) return;
    const taken = bytes.slice(0, this.#bufferSize - this.#buffered);
    if (taken.length > 0) this.#buffer.push(taken);
    this.#buffered += taken.length;
    if (taken.length < bytes.length) this.#error = serialError('BufferOverrunError');
    this.#serve();
  }

  /** Octets that had come before are still read first, and only a read meets the error. */
  fail(name: SerialErrorName): void {
    this.#error ??= serialError(name);
    this.#serve();
  }

  #serve(): void {
    if (this.#ended) return;
    const [bytes] = this.#buffer;
    if (bytes === undefined) {
      if (this.#error === undefined || !this.#isWaiting) return;
      this.#controller?.error(this.#error);
      this.#end();
    } else if (this.#isWaiting) {
      this.#isWaiting = false;
      this.#buffer.shift();
      this.#buffered -= bytes.length;
      this.#controller?.enqueue(bytes);
    }
  }

  #end(): void {
    this.#ended = true;
    this.#buffer = [];
    this.#onEnd();
  }
}

export class SerialWritable {
  readonly stream: WritableStream<Uint8Array>;
  #controller: WritableStreamDefaultController | undefined;
  readonly #onEnd: () => void;

  /** `onWrite` takes octets that are the port's own; `onEnd` is called when the stream was closed, aborted or has failed. */
  constructor(onWrite: (bytes: Bytes) => void, onEnd: () => void) {
    this.#onEnd = onEnd;
    this.stream = new WritableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        write: async (chunk: unknown) => {
          const bytes = bytesOf(chunk);
          // The octets leave after the call: whoever wrote may still arrange to listen.
          await Promise.resolve();
          onWrite(bytes);
        },
        close: onEnd,
        abort: onEnd,
      },
      new CountQueuingStrategy({ highWaterMark: 1 }),
    );
  }

  fail(): void {
    this.#controller?.error(serialError('NetworkError'));
    this.#onEnd();
  }
}

function bytesOf(chunk: unknown): Bytes {
  if (ArrayBuffer.isView(chunk)) return copy(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  if (chunk instanceof ArrayBuffer) return copy(new Uint8Array(chunk));
  throw new TypeError(
    "Failed to execute 'write' on 'UnderlyingSinkBase': The provided value is not of type '(ArrayBuffer or ArrayBufferView)'.",
  );
}
