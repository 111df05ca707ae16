// Runs a tool of node_modules or of the system as a child process. Knows nothing of what it runs.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Ended {
  /** The exit code; 128 + the signal's number counts as a crash (255 when the program could not be started). */
  readonly code: number;
  /** What it printed on both streams, in order of arrival; empty when it printed straight through. */
  readonly output: string;
}

export interface Options {
  readonly env?: Readonly<Record<string, string>>;
  /** It prints straight to this process's streams. */
  readonly through?: boolean;
}

export function runCommand(command: string, args: readonly string[], options: Options = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ['ignore', options.through ? 'inherit' : 'pipe', options.through ? 'inherit' : 'pipe'],
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', ...options.env },
    });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    child.on('error', (error) => resolve({ code: 255, output: `${output}${error.message}\n` }));
    child.on('close', (code) => resolve({ code: code ?? 128, output }));
  });
}

/** Runs a package's own program with this Node, so that no shell and no .cmd file stands between. */
export function runTool(
  packageName: string,
  program: string,
  args: readonly string[],
  options?: Options,
): Promise<Ended> {
  const folder = join('node_modules', packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    bin: string | Record<string, string>;
  };
  const script = typeof bin === 'string' ? bin : bin[program];
  if (script === undefined) throw new RangeError(`${packageName} has no program ${program}`);
  return runCommand(process.execPath, [join(folder, script), ...args], options);
}
