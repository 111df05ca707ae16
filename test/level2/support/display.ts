// An X server of its own for one headed browser, and the browser's chooser answered there with the keyboard. Knows no page.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Display {
  readonly name: string;
  readonly server: ChildProcess;
}

/** From the page's button into the chooser's list, to the first device, and yes. */
const KEYS = ['shift+Tab', 'shift+Tab', 'Down', 'Return'];
const BETWEEN_KEYS_MS = 200;
/** Nothing tells that the chooser has its list: keys that come too early are lost, and then it is closed and asked for again. */
const CHOOSER_MS = 1000;
const TRIES = 5;

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

/**
 * Takes the only device that the chooser lists.
 * @param ask presses the page's button
 * @param isThere resolves with true when the page has the device, with false when it has not got it within a few seconds
 */
export async function choose(
  display: Display,
  ask: () => Promise<void>,
  isThere: () => Promise<boolean>,
): Promise<void> {
  for (let i = 1; i <= TRIES; i++) {
    await ask();
    await sleep(CHOOSER_MS * i);
    await press(display, KEYS);
    if (await isThere()) return;
    await press(display, ['Escape']);
    if (await isThere()) return;
  }
  throw new Error(`the chooser was not answered in ${TRIES} tries`);
}

async function press({ name }: Display, keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    execFileSync('xdotool', ['key', key], { env: { ...process.env, DISPLAY: name } });
    await sleep(BETWEEN_KEYS_MS);
  }
}
