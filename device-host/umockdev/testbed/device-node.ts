// A device file below /dev. Consists of a FIFO, on which poll() and epoll work, and a socket, to
// which umockdev's preload library sends every ioctl, read and write. attached-usb.ts and
// attached-tty.ts create it.
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname } from 'node:path';
import { type FileOperations, serveFile } from './host-file.ts';
import type { DeviceNumber, Testbed } from './testbed.ts';

/** The condition that the program polls for. usbfs reports a completed URB as writable. */
export type Readiness = 'readable' | 'writable';

export interface NodeOptions {
  readonly readiness: Readiness;
  /** Called each time a program opens the file. */
  readonly open: () => FileOperations;
  readonly onFailure: (error: unknown) => void;
}

/** A block of PIPE_BUF bytes. A FIFO with less free space is not writable. */
const PAGE = Buffer.alloc(4096);
const BYTE = Buffer.alloc(1);

export class DeviceNode {
  readonly #testbed: Testbed;
  readonly #number: DeviceNumber;
  readonly #readiness: Readiness;
  readonly #fifo: number;
  readonly #server: Server;
  #isReady = false;
  #isOpenable = true;
  #isRemoved = false;

  private constructor(testbed: Testbed, number: DeviceNumber, { readiness, open, onFailure }: NodeOptions) {
    this.#testbed = testbed;
    this.#number = number;
    this.#readiness = readiness;
    mkdirSync(dirname(this.#devicePath), { recursive: true });
    mkdirSync(dirname(this.#socketPath), { recursive: true });
    execFileSync('mkfifo', [this.#devicePath]);
    rmSync(this.#numberPath, { force: true });
    symlinkSync(`${number.major}:${number.minor}`, this.#numberPath);
    this.#fifo = openSync(this.#devicePath, constants.O_RDWR | constants.O_NONBLOCK);
    if (readiness === 'writable') fill(this.#fifo);
    this.#server = createServer((socket) => {
      // The connection may arrive before the close event of the previous file. setImmediate() lets
      // that event come first.
      setImmediate(() => serveFile(socket, open(), onFailure));
    });
  }

  /** Resolves when the program can open the file. */
  static async create(testbed: Testbed, number: DeviceNumber, options: NodeOptions): Promise<DeviceNode> {
    const node = new DeviceNode(testbed, number, options);
    await new Promise<void>((resolve, reject) => {
      node.#server.once('error', reject);
      node.#server.listen(node.#socketPath, resolve);
    });
    return node;
  }

  setReady(ready: boolean): void {
    // After remove(), a program may still have the file open. The FIFO is closed then, and its
    // descriptor number may belong to another file.
    if (this.#isRemoved || ready === this.#isReady) return;
    this.#isReady = ready;
    const fills = this.#readiness === 'readable' ? ready : !ready;
    const chunk = this.#readiness === 'readable' ? BYTE : PAGE;
    if (fills) writeSync(this.#fifo, chunk);
    else readSync(this.#fifo, chunk);
  }

  /**
   * Writes input into the device file, for a program whose reads umockdev does not forward (see
   * AttachmentOptions.readsFile).
   */
  feed(bytes: Uint8Array): void {
    if (!this.#isRemoved) writeSync(this.#fifo, bytes);
  }

  /** Discards the bytes that no program has read. */
  drain(): void {
    if (this.#isRemoved) return;
    try {
      while (readSync(this.#fifo, PAGE) > 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }

  /** Makes open() succeed or fail. Open files stay open. */
  setOpenable(openable: boolean): void {
    if (openable === this.#isOpenable) return;
    this.#isOpenable = openable;
    if (openable) renameSync(this.#hiddenPath, this.#devicePath);
    else renameSync(this.#devicePath, this.#hiddenPath);
  }

  /** Removes the device file. Calls on open files are answered until the program closes them. */
  remove(): void {
    this.#isRemoved = true;
    this.#server.close();
    for (const path of [this.#devicePath, this.#hiddenPath, this.#numberPath, this.#socketPath]) {
      rmSync(path, { force: true });
    }
    closeSync(this.#fifo);
  }

  get #devicePath(): string {
    return this.#testbed.path('dev', this.#number.name);
  }

  get #hiddenPath(): string {
    return `${this.#devicePath}.hidden`;
  }

  get #socketPath(): string {
    return this.#testbed.path('ioctl/dev', this.#number.name);
  }

  get #numberPath(): string {
    return this.#testbed.path('dev/.node', this.#number.name.replaceAll('/', '_'));
  }
}

function fill(fifo: number): void {
  try {
    for (;;) writeSync(fifo, PAGE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
  }
}
