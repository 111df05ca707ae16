// The bundled service as a process in a temporary folder, with preloads that make the disk or the
// clock fail.
import { type ChildProcess, spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { type TemporaryFolder, temporaryFolder } from './as-service.ts';
import { bundleService, type CommandLine, commandLine } from './service-bundle.ts';

export interface RunningService {
  readonly child: ChildProcess;
  readonly address: string;
  /** Access code of the embedded operator; empty in standalone mode. */
  readonly token: string;
  /** Everything that the process has printed. */
  readonly output: () => string;
  /** Resolves with the exit code. */
  readonly exited: Promise<number | null>;
}

type Preload = 'disk-full' | 'fsync-dir-once' | 'clock';

export interface StartOptions {
  readonly args?: readonly string[];
  readonly preload?: Preload;
  readonly variables?: Record<string, string>;
  /** Maximum number of open files of the process. */
  readonly descriptors?: number;
}

export class ServiceProcesses {
  readonly #scripts: { readonly serve: string; readonly cli: string };
  readonly #bundle: TemporaryFolder;
  readonly #running = new Set<RunningService['child']>();
  #folder: TemporaryFolder;

  static async open(): Promise<ServiceProcesses> {
    const bundle = await temporaryFolder();
    return new ServiceProcesses(bundle, await bundleService(bundle.path), await temporaryFolder());
  }

  private constructor(bundle: TemporaryFolder, scripts: { serve: string; cli: string }, folder: TemporaryFolder) {
    this.#bundle = bundle;
    this.#scripts = scripts;
    this.#folder = folder;
  }

  /** Path of a file in the data folder. */
  path(name = ''): string {
    return join(this.#folder.path, 'data', name);
  }

  /** Path of a file beside the data folder. */
  beside(name: string): string {
    return join(this.#folder.path, name);
  }

  get cli(): CommandLine {
    return commandLine(this.#scripts.cli, () => this.path());
  }

  /** Resolves when the service prints its address. Rejects with the output if the service exits. */
  start({ args = ['--demo'], preload, variables = {}, descriptors }: StartOptions = {}): Promise<RunningService> {
    const node = preload === undefined ? [] : ['--import', resolve(`test/process/preloads/${preload}.mjs`)];
    const env = { PATH: process.env.PATH ?? '', KEYFERRY_DATA: this.path(), ...variables };
    const command = [process.execPath, ...node, this.#scripts.serve, '--port', '0', ...args];
    const limited = ['sh', '-c', `ulimit -n ${descriptors}; exec "$@"`, 'sh', ...command];
    const [program = '', ...rest] = descriptors === undefined ? command : limited;
    const child = spawn(program, rest, { env });
    this.#running.add(child);
    let output = '';
    const exited = new Promise<number | null>((end) => {
      child.once('exit', (code) => {
        this.#running.delete(child);
        end(code);
      });
    });
    return new Promise((started, failed) => {
      const read = (text: Buffer) => {
        output += text;
        const address = /Open\s+(http:\/\/localhost:\d+)/.exec(output)?.[1];
        if (address === undefined || !/Keys on disk|sealing key/i.test(output)) return;
        const token = /KF(-\w{5}){6}/.exec(output)?.[0] ?? '';
        started({ child, address, token, output: () => output, exited });
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      void exited.then(() => failed(new Error(output)));
    });
  }

  /** Path of the program of the service. */
  get program(): string {
    return this.#scripts.serve;
  }

  async stop({ child, exited }: RunningService): Promise<number | null> {
    child.kill('SIGTERM');
    return exited;
  }

  /** Ends every process and begins with an empty data folder. */
  async reset(): Promise<void> {
    for (const child of this.#running) child.kill('SIGKILL');
    await this.#folder.remove();
    this.#folder = await temporaryFolder();
  }

  async close(): Promise<void> {
    for (const child of this.#running) child.kill('SIGKILL');
    await this.#folder.remove();
    await this.#bundle.remove();
  }
}

export const post = ({ address, token }: RunningService, path: string, body: unknown): Promise<Response> =>
  fetch(address + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

export const get = ({ address, token }: Pick<RunningService, 'address' | 'token'>, path: string): Promise<Response> =>
  fetch(address + path, { headers: { authorization: `Bearer ${token}` } });
