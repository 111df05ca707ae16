// An X server of its own for one headed browser.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Display {
  readonly name: string;
  readonly server: ChildProcess;
}

/** A free display, named by the server itself. */
export async function startDisplay(): Promise<Display> {
  // It ends with its last client, whatever becomes of this process.
  const server = spawn('Xvfb', ['-terminate', '-displayfd', '3', '-screen', '0', '1200x900x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const told = server.stdio[3];
  if (told === null || told === undefined) throw new Error('the X server tells nothing');
  const [number] = (await once(told, 'data')) as [Buffer];
  return { name: `:${number.toString().trim()}`, server };
}
