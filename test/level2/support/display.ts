// Starts an X server for one headed browser.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Display {
  readonly name: string;
  readonly server: ChildProcess;
}

/** The server chooses a free display. */
export async function startDisplay(): Promise<Display> {
  // -terminate ends the server when its last client disconnects, even if this process crashes.
  const server = spawn('Xvfb', ['-terminate', '-displayfd', '3', '-screen', '0', '1200x900x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const output = server.stdio[3];
  if (output === null || output === undefined) throw new Error('the X server has no output for the display number');
  const [number] = (await once(output, 'data')) as [Buffer];
  return { name: `:${number.toString().trim()}`, server };
}
