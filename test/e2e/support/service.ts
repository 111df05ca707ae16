// Runs the real AS process with the test sets, on a free port and in its own data folder.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KEYS, SETS } from './sets.ts';

const run = promisify(execFile);
/** A service starts slowly on a busy machine. */
const START_LIMIT_MS = 120_000;
const OPERATOR = 'operator';

/** Changes a name of a set, key or operator. */
type Label = (name: string) => string;

export interface ServiceOptions {
  /** True to serve the published demo sets and the demo page. */
  readonly demo?: boolean;
  /** True to omit the test sets. */
  readonly bare?: boolean;
  readonly exportsPerMinute?: number;
  /** Maximum time until the process has started, in ms. A slow machine needs a higher limit. */
  readonly startLimitMs?: number;
  /** Port of the service; any free port by default. */
  readonly port?: number;
  /** Additional arguments, for example `--origin`. */
  readonly args?: readonly string[];
  /** Changes the names of the sets, keys and operator. */
  readonly label?: Label;
}

export class Service {
  readonly url: string;
  readonly folder: string;
  #token: string;
  #child: ChildProcess;
  readonly #options: ServiceOptions;

  private constructor(folder: string, options: ServiceOptions, started: Started) {
    this.folder = folder;
    this.#options = options;
    this.url = started.url;
    this.#token = started.token;
    this.#child = started.child;
  }

  static async start(options: ServiceOptions = {}): Promise<Service> {
    const { label = same } = options;
    const folder = await newFolder();
    if (options.bare !== true) await cp(await preparedFolder(label), folder, { recursive: true });
    const service = await Service.#startIn(folder, options);
    try {
      if (label(OPERATOR) !== OPERATOR) {
        if (options.bare === true) await service.cli('operator', 'add', label(OPERATOR));
        const output = await service.cli('operator', 'code', label(OPERATOR));
        const [code] = /KF-\S+/.exec(output) ?? [];
        if (code === undefined) throw new Error(`"operator code" printed no access code: ${output}`);
        service.#token = code;
      }
    } catch (error) {
      await service.stop();
      throw error;
    }
    return service;
  }

  /**
   * Fills a new data folder with the test sets and returns the folder. If `label` changes the name
   * of the operator, also adds this operator, because the embedded operator has a fixed name.
   */
  static async prepare(label: Label): Promise<string> {
    const folder = await newFolder();
    preparedFolders.push(folder);
    const service = await Service.#startIn(folder, {});
    try {
      await service.#addSets(label);
      if (label(OPERATOR) !== OPERATOR) await service.cli('operator', 'add', label(OPERATOR));
    } finally {
      await service.halt();
    }
    return folder;
  }

  static async #startIn(folder: string, options: ServiceOptions): Promise<Service> {
    return new Service(folder, options, await startProcess(folder, options.port ?? 0, options));
  }

  /** Access code of the embedded operator. */
  get token(): string {
    return this.#token;
  }

  /** Ends the process and keeps its data folder. */
  async halt(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    await ended;
  }

  /** Starts the process again at the same address. Returns the operator's new access code. */
  async resume(): Promise<string> {
    const { child, token } = await startProcess(this.folder, Number(new URL(this.url).port), this.#options);
    this.#child = child;
    this.#token = token;
    return token;
  }

  /** Runs one command of the CLI against the running service. Returns the output. */
  async cli(...args: string[]): Promise<string> {
    const { stdout } = await run(process.execPath, ['dist/service/cli.js', ...args, '--data', this.folder]);
    return stdout;
  }

  /** Reads one file of the data folder, one character per byte, so that tests can search it. */
  async disk(file: string): Promise<string> {
    return readFile(join(this.folder, file), 'latin1');
  }

  async stop(): Promise<void> {
    await this.halt();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #addSets(label: Label): Promise<void> {
    const file = join(this.folder, 'key.hex');
    for (const { set, name, profile, family, transportKey } of SETS) {
      await writeFile(file, transportKey, { mode: 0o600 });
      const number = set.toString(16).padStart(8, '0');
      await this.cli('set', 'add', number, label(name), '--profile', profile, '--family', family, '--t-file', file);
      for (const { ref1, label: keyLabel, attributes, key } of KEYS) {
        await writeFile(file, key, { mode: 0o600 });
        const options = ['--attributes', attributes, '--file', file];
        await this.cli('key', 'add', number, ref1.toString(16), label(keyLabel), ...options);
      }
    }
    await rm(file);
  }
}

const same: Label = (name) => name;

/**
 * The prepared folders of this worker, by the operator's name. A service starts with a copy of one,
 * because the commands that fill a folder take longer than most tests.
 */
const prepared = new Map<string, Promise<string>>();
const preparedFolders: string[] = [];

function preparedFolder(label: Label): Promise<string> {
  const folder = prepared.get(label(OPERATOR)) ?? Service.prepare(label);
  prepared.set(label(OPERATOR), folder);
  return folder;
}

process.once('exit', () => {
  for (const folder of preparedFolders) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'kf-e2e-'));
}

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
  readonly token: string;
}

/** Starts the process. Port 0 means any free port. */
async function startProcess(
  folder: string,
  port: number,
  { demo, exportsPerMinute, startLimitMs = START_LIMIT_MS, args: more = [] }: ServiceOptions,
): Promise<Started> {
  const args = ['dist/service/serve.js', '--data', folder, '--port', String(port), ...more];
  if (demo) args.push('--demo');
  if (exportsPerMinute !== undefined) args.push('--exports-per-minute', String(exportsPerMinute));
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  return { child, ...(await welcomed(child, startLimitMs)) };
}

async function welcomed(
  child: ChildProcess,
  limitMs: number,
): Promise<{ readonly url: string; readonly token: string }> {
  let printed = '';
  return await new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`the AS did not start: ${why}\n${printed}`));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail(`nothing within ${limitMs} ms`);
    }, limitMs);
    const read = (chunk: Buffer): void => {
      printed += chunk.toString();
      const url = /Open\s+(http:\/\/[^\s/]+)/.exec(printed)?.[1];
      const token = /Access code\s+(KF-\S+)/.exec(printed)?.[1];
      if (url === undefined || token === undefined) return;
      clearTimeout(timer);
      resolve({ url, token });
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(`it ended with ${code}`);
    });
  });
}
