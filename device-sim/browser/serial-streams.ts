// The readable and writable streams of an open serial port as Chromium implements them (Blink's
// serial_port_underlying_source and _sink). The buffer of the readable has the size that the page
// requested and can overrun.
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

function serialError(name: SerialErrorName): DOMException {
  return new DOMException(MESSAGES[name], name);
}

export class SerialReadable {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #bufferSize: number;
  #buffer: Bytes[] = [];
  #buffered = 0;
  #error: DOMException | undefined;
  #controller: ReadableByteStreamController | undefined;
  /** True while the stream has called pull() and waits for bytes. */
  #isWaiting = false;
  #ended = false;
  readonly #onEnd: () => void;

  /** @param onEnd called once, when the stream was cancelled or has failed */
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

  /** Buffers bytes. Bytes that do not fit are lost, and a read fails once the buffer is empty. */
  push(bytes: Bytes): void {
    if (this.#ended || this.#error !== undefined) return;
    const fitting = bytes.slice(0, this.#bufferSize - this.#buffered);
    if (fitting.length > 0) this.#buffer.push(fitting);
    this.#buffered += fitting.length;
    if (fitting.length < bytes.length) this.#error = serialError('BufferOverrunError');
    this.#serve();
  }

  /**
   * Puts the stream into its error state when the page has read the buffered bytes and reads again.
   */
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

  /**
   * @param onWrite receives copies of the written bytes
   * @param onEnd called when the stream was closed or aborted, or has failed
   */
  constructor(onWrite: (bytes: Bytes) => void, onEnd: () => void) {
    this.#onEnd = onEnd;
    this.stream = new WritableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        write: async (chunk: unknown) => {
          const bytes = bytesOf(chunk);
          // Sends the bytes in a later microtask, so that the caller can start a read first.
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
