// Runs a program of the system or of node_modules as a child process.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Ended {
  /** The exit code. 128: a signal ended the program. 255: the program could not be started. */
  readonly code: number;
  /** stdout and stderr in order of arrival; empty if `through` is true. */
  readonly output: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** True if the program writes to stdout and stderr of this process. */
  readonly through?: boolean;
}

export interface RunToolOptions extends RunOptions {
  /** The path of the Node executable. Default: the executable of this process. */
  readonly node?: string;
}

export function runCommand(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const stream = options.through ? 'inherit' : 'pipe';
    const child = spawn(command, args, {
      stdio: ['ignore', stream, stream],
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

/**
 * Runs a program of an npm package directly with Node. This needs no shell, and no .cmd file on
 * Windows.
 * @throws RangeError when the package has no such program
 */
export function runTool(
  packageName: string,
  program: string,
  args: readonly string[],
  options: RunToolOptions = {},
): Promise<Ended> {
  const folder = join('node_modules', packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    bin: string | Record<string, string>;
  };
  const script = typeof bin === 'string' ? bin : bin[program];
  if (script === undefined) throw new RangeError(`${packageName} has no program ${program}`);
  return runCommand(options.node ?? process.execPath, [join(folder, script), ...args], options);
}
