// Starts the process that simulates devices for a browser (main.ts), and calls its methods. Tests
// of level 2 use it.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type Call, type DeviceControl, type Method, type ProcessMessage, READS_FILE } from './messages.ts';
import { createProgramFolder, removeProgramFolder } from './testbed/program-folder.ts';
import { PRELOAD_LIBRARY } from './testbed/testbed.ts';

const START_LIMIT_MS = 20_000;
const CALL_LIMIT_MS = 10_000;

type Child = ChildProcessByStdio<Writable, Readable, null>;

/** The folder of one program that uses the simulated devices. */
export interface ProgramFolder {
  /**
   * Environment variables of the program. The parts of the testbed must be mounted below
   * UMOCKDEV_DIR before the program starts. Set LD_PRELOAD only for the program itself.
   */
  readonly environment: { readonly LD_PRELOAD: string; readonly UMOCKDEV_DIR: string };
  /** Removes the folder. Call it when the program has ended. */
  remove(): void;
}

interface PendingCall {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

export class DeviceProcess {
  /** Errors of the simulated kernel, each of which is a bug. Tests expect none. */
  readonly failures: string[] = [];
  readonly #child: Child;
  readonly #testbed: string;
  readonly #pending = new Map<number, PendingCall>();
  #lastId = 0;

  private constructor(child: Child, lines: AsyncIterator<string>, directory: string) {
    this.#child = child;
    this.#testbed = directory;
    void this.#listen(lines);
  }

  /**
   * @param readsFile true for a program that reads duplicates of its descriptors, as Firefox does
   */
  static async start(readsFile = false): Promise<DeviceProcess> {
    const program = fileURLToPath(new URL('./main.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', program, ...(readsFile ? [READS_FILE] : [])], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), START_LIMIT_MS);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = await lines.next();
    clearTimeout(timer);
    if (first.done === true) throw new Error('the device process ended before it was ready');
    const message = JSON.parse(first.value) as ProcessMessage;
    if (!('directory' in message)) throw new Error(`the device process began with ${first.value}`);
    return new DeviceProcess(child, lines, message.directory);
  }

  /** Creates the folder for one program that uses the devices. */
  createFolder(): ProgramFolder {
    const folder = createProgramFolder(this.#testbed);
    const environment = { LD_PRELOAD: PRELOAD_LIBRARY, UMOCKDEV_DIR: folder };
    return { environment, remove: () => removeProgramFolder(folder) };
  }

  /** Calls a method of the simulator's control. Resolves when programs can observe the effect. */
  call<M extends Method>(method: M, ...args: Parameters<DeviceControl[M]>): Promise<ReturnType<DeviceControl[M]>> {
    const call: Call = { id: ++this.#lastId, method, arguments: args };
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(call.id, { error: `no response to ${method}` }), CALL_LIMIT_MS);
      this.#pending.set(call.id, {
        resolve: (result) => {
          clearTimeout(timer);
          resolve(result as ReturnType<DeviceControl[M]>);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.#child.stdin.write(`${JSON.stringify(call)}\n`);
    });
  }

  /** Ends the process, which removes the testbed. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    if (this.#child.exitCode !== null) return;
    this.#child.stdin.end();
    await ended;
  }

  async #listen(lines: AsyncIterator<string>): Promise<void> {
    for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
      const message = JSON.parse(next.value) as ProcessMessage;
      if ('failure' in message) this.failures.push(message.failure);
      if ('id' in message) this.#settle(message.id, message);
    }
    for (const id of this.#pending.keys()) this.#settle(id, { error: 'the device process has ended' });
  }

  #settle(id: number, response: { readonly result: unknown } | { readonly error: string }): void {
    const call = this.#pending.get(id);
    this.#pending.delete(id);
    if ('error' in response) call?.reject(new Error(response.error));
    else call?.resolve(response.result);
  }
}
