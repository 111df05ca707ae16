// A file below /dev: a FIFO, by which poll() and epoll see whether there is something to do, and a socket, to which umockdev's
// preload library takes every ioctl, read and write. Knows no device.
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

/** What the program polls for: octets to read (tty), or room to write, by which usbfs says that a URB has ended. */
export type Readiness = 'readable' | 'writable';

export interface NodeOptions {
  readonly readiness: Readiness;
  /** Called for each file that the program opens. */
  readonly open: () => FileOperations;
  readonly onFailure: (error: unknown) => void;
}

/** PIPE_BUF: a FIFO with less room than this is not writable. */
const PAGE = Buffer.alloc(4096);
const OCTET = Buffer.alloc(1);

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
      // A file that the program closed before it opened this one is closed first, whichever of the two is heard of first.
      setImmediate(() => serveFile(socket, open(), onFailure));
    });
  }

  /** The file can be opened when this is done. */
  static async create(testbed: Testbed, number: DeviceNumber, options: NodeOptions): Promise<DeviceNode> {
    const node = new DeviceNode(testbed, number, options);
    await new Promise<void>((resolve, reject) => {
      node.#server.once('error', reject);
      node.#server.listen(node.#socketPath, resolve);
    });
    return node;
  }

  setReady(ready: boolean): void {
    // A file may outlive its name: its number is somebody else's then.
    if (this.#isRemoved || ready === this.#isReady) return;
    this.#isReady = ready;
    const puts = this.#readiness === 'readable' ? ready : !ready;
    const unit = this.#readiness === 'readable' ? OCTET : PAGE;
    if (puts) writeSync(this.#fifo, unit);
    else readSync(this.#fifo, unit);
  }

  /** Where it cannot, open() fails; files that are open stay so. */
  setOpenable(openable: boolean): void {
    if (openable === this.#isOpenable) return;
    this.#isOpenable = openable;
    if (openable) renameSync(this.#hiddenPath, this.#devicePath);
    else renameSync(this.#devicePath, this.#hiddenPath);
  }

  /** The files that are still open are answered until the program closes them. */
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
