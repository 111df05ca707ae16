// Starts the process behind a browser's devices and moves its units: what a test is handed. Knows no browser.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Call, DeviceControl, Line, Method } from './messages.ts';
import { closeSeat, openSeat } from './seat.ts';
import { PRELOAD } from './testbed.ts';

const START_LIMIT_MS = 20_000;
const CALL_LIMIT_MS = 10_000;

type Child = ChildProcessByStdio<Writable, Readable, null>;

/** Of one program. */
export interface Seat {
  /** With which it is started: UMOCKDEV_DIR, which must have the testbed's parts mounted in it, and LD_PRELOAD for the program itself. */
  readonly environment: { readonly LD_PRELOAD: string; readonly UMOCKDEV_DIR: string };
  /** When it has ended. */
  leave(): void;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

export class DeviceProcess {
  /** What went wrong in the simulated kernel itself; a test expects none. */
  readonly failures: string[] = [];
  readonly #child: Child;
  readonly #testbed: string;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  private constructor(child: Child, lines: AsyncIterator<string>, directory: string) {
    this.#child = child;
    this.#testbed = directory;
    void this.#listen(lines);
  }

  static async start(): Promise<DeviceProcess> {
    const program = fileURLToPath(new URL('./main.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', program], { stdio: ['pipe', 'pipe', 'inherit'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), START_LIMIT_MS);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = await lines.next();
    clearTimeout(timer);
    if (first.done === true) throw new Error('the device process ended before it was ready');
    const line = JSON.parse(first.value) as Line;
    if (!('directory' in line)) throw new Error(`the device process began with ${first.value}`);
    return new DeviceProcess(child, lines, line.directory);
  }

  /** For a program that shall see the units. */
  enter(): Seat {
    const seat = openSeat(this.#testbed);
    return { environment: { LD_PRELOAD: PRELOAD, UMOCKDEV_DIR: seat }, leave: () => closeSeat(seat) };
  }

  /** One call of the hand behind the units; the browser can see its effect when it is done. */
  call<M extends Method>(method: M, ...args: Parameters<DeviceControl[M]>): Promise<ReturnType<DeviceControl[M]>> {
    const call: Call = { id: ++this.#lastId, method, arguments: args };
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(call.id, { error: `no answer to ${method}` }), CALL_LIMIT_MS);
      this.#waiting.set(call.id, {
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

  /** Its folder is removed with it. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    if (this.#child.exitCode !== null) return;
    this.#child.stdin.end();
    await ended;
  }

  async #listen(lines: AsyncIterator<string>): Promise<void> {
    for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
      const line = JSON.parse(next.value) as Line;
      if ('failure' in line) this.failures.push(line.failure);
      if ('id' in line) this.#settle(line.id, line);
    }
    for (const id of this.#waiting.keys()) this.#settle(id, { error: 'the device process has ended' });
  }

  #settle(id: number, answer: { readonly result: unknown } | { readonly error: string }): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if ('error' in answer) waiting?.reject(new Error(answer.error));
    else waiting?.resolve(answer.result);
  }
}
