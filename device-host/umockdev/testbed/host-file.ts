// One open file of a program. Serves the system calls that umockdev's preload library sends over a
// socket. umockdev calls this the ioctl client protocol; a message is three 64-bit words,
// little-endian. The program blocks in each call until the response.
import type { Socket } from 'node:net';
import { type Bytes, copy } from '#protocol/bytes/bytes.ts';
import { Errno, type Outcome } from './errno.ts';

/** Access to the memory of a program that is blocked in a call. */
export interface ProgramMemory {
  read(address: bigint, length: number): Promise<Buffer>;
  write(address: bigint, bytes: Uint8Array): void;
}

/** The system calls that a device handles on one open file. */
export interface FileOperations {
  ioctl(request: number, argument: bigint, memory: ProgramMemory): Outcome | Promise<Outcome>;
  /** Returns 1 to `length` bytes, or 0 bytes at the end of the file. */
  read(length: number): Bytes | Extract<Outcome, string>;
  write(bytes: Bytes): Outcome;
  close(): void;
}

const WORD = 8;
const MESSAGE_LENGTH = 3 * WORD;
const Request = { ioctl: 1n, read: 7n, write: 8n } as const;
const Reply = { done: 3n, readMemory: 5n, writeMemory: 6n } as const;

/**
 * Serves one open file.
 * @param onFailure called with an error that the device throws. Every such error is a bug. The
 * system call then returns EIO.
 */
export function serveFile(socket: Socket, operations: FileOperations, onFailure: (error: unknown) => void): void {
  const file = new HostFile(socket, operations, onFailure);
  socket.on('data', (chunk) => file.receive(chunk));
  // Ignores the error, because a program that ends resets the connection. The close event follows
  // and is handled below.
  socket.on('error', () => undefined);
  let isClosed = false;
  const close = (): void => {
    if (!isClosed) operations.close();
    isClosed = true;
  };
  socket.on('end', close);
  socket.on('close', close);
}

class HostFile implements ProgramMemory {
  readonly #socket: Socket;
  readonly #operations: FileOperations;
  readonly #onFailure: (error: unknown) => void;
  #received = Buffer.alloc(0);
  #isInCall = false;
  /** The pending read from the program's memory. */
  #pendingRead: { readonly length: number; readonly resolve: (bytes: Buffer) => void } | undefined;

  constructor(socket: Socket, operations: FileOperations, onFailure: (error: unknown) => void) {
    this.#socket = socket;
    this.#operations = operations;
    this.#onFailure = onFailure;
  }

  receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    this.#serve();
  }

  read(address: bigint, length: number): Promise<Buffer> {
    if (length === 0) return Promise.resolve(Buffer.alloc(0));
    this.#send(Reply.readMemory, address, BigInt(length));
    return new Promise((resolve) => {
      this.#pendingRead = { length, resolve };
      this.#serve();
    });
  }

  write(address: bigint, bytes: Uint8Array): void {
    if (bytes.length > 0) this.#send(Reply.writeMemory, address, BigInt(bytes.length), bytes);
  }

  #serve(): void {
    if (this.#pendingRead !== undefined) {
      const { length, resolve } = this.#pendingRead;
      if (this.#received.length < length) return;
      this.#pendingRead = undefined;
      resolve(this.#take(length));
    } else if (!this.#isInCall && this.#received.length >= MESSAGE_LENGTH) {
      this.#isInCall = true;
      void this.#call(this.#take(MESSAGE_LENGTH));
    }
  }

  async #call(message: Buffer): Promise<void> {
    const [request, first, second] = [0, WORD, 2 * WORD].map((offset) => message.readBigUInt64LE(offset));
    let outcome: Outcome;
    try {
      outcome = await this.#perform(request, first ?? 0n, second ?? 0n);
    } catch (error) {
      this.#onFailure(error);
      outcome = 'EIO';
    }
    const [value, errno] = typeof outcome === 'number' ? [outcome, 0] : [-1, Errno[outcome]];
    this.#send(Reply.done, BigInt(value), BigInt(errno));
    this.#isInCall = false;
    this.#serve();
  }

  async #perform(request: bigint | undefined, first: bigint, second: bigint): Promise<Outcome> {
    switch (request) {
      case Request.ioctl:
        return await this.#operations.ioctl(Number(first), second, this);
      case Request.read: {
        const bytes = this.#operations.read(Number(second));
        if (typeof bytes === 'string') return bytes;
        this.write(first, bytes);
        return bytes.length;
      }
      case Request.write:
        return this.#operations.write(copy(await this.read(first, Number(second))));
      default:
        return 'EINVAL';
    }
  }

  #take(length: number): Buffer {
    const taken = Buffer.from(this.#received.subarray(0, length));
    this.#received = this.#received.subarray(length);
    return taken;
  }

  #send(reply: bigint, first: bigint, second: bigint, bytes: Uint8Array = new Uint8Array(0)): void {
    const message = Buffer.alloc(MESSAGE_LENGTH);
    message.writeBigUInt64LE(reply, 0);
    message.writeBigInt64LE(BigInt.asIntN(64, first), WORD);
    message.writeBigInt64LE(second, 2 * WORD);
    this.#socket.write(bytes.length === 0 ? message : Buffer.concat([message, bytes]));
  }
}
