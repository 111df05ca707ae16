// Answers the device chooser of the browser with the keyboard. Every step waits for a visible
// state, and no key is pressed before the list shows the device.
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { NativeViews, pathTo, type View } from './native-views.ts';

export interface ChooserOptions {
  /** DISPLAY of the browser. */
  readonly display: string;
  /** Port of the browser's UI DevTools. */
  readonly viewsPort: number;
}

/** `listed`: the chooser shows one device. `chosen`: this device is selected. */
type ChooserState = 'closed' | 'not ready' | 'listed' | 'chosen';

const LIST = 'TableView';
const CONTENT = 'DeviceChooserContentView';
/** Time limit for each step, in ms. */
const LIMIT = 30_000;
const POLL_INTERVAL = 50;
/**
 * Time to wait for the effect of a key before keys are pressed again, in ms. A key that takes
 * effect later does no harm.
 */
const KEY_DELAY = 2000;
/** Keys that move the focus from the button back to the list, and select its first entry. */
const SELECT_KEYS = ['shift+Tab', 'Down'];

/**
 * Waits until the chooser lists one device, and chooses it.
 * @throws Error after 30 s without progress
 */
export async function choose({ display, viewsPort }: ChooserOptions): Promise<void> {
  const views = await NativeViews.connect(viewsPort);
  const press = (key: string): void => {
    execFileSync('xdotool', ['key', key], { env: { ...process.env, DISPLAY: display } });
  };
  try {
    await until(views, LIMIT, 'listed');
    for (const latest = Date.now() + LIMIT; !(await until(views, KEY_DELAY, 'chosen').catch(() => false)); ) {
      if (Date.now() > latest) throw new Error('the keyboard does not reach the chooser’s list');
      SELECT_KEYS.forEach(press);
    }
    for (const latest = Date.now() + LIMIT; (await stateOf(views)) !== 'closed'; ) {
      if (Date.now() > latest) throw new Error('the chooser does not close');
      press('Return');
      await until(views, KEY_DELAY, 'closed').catch(() => false);
    }
  } finally {
    views.close();
  }
}

async function until(views: NativeViews, limit: number, expected: ChooserState): Promise<true> {
  const latest = Date.now() + limit;
  for (let state = await stateOf(views); state !== expected; state = await stateOf(views)) {
    if (Date.now() > latest) throw new Error(`the chooser is ${state}, not ${expected}`);
    await sleep(POLL_INTERVAL);
  }
  return true;
}

async function stateOf(views: NativeViews): Promise<ChooserState> {
  const path = pathTo(await views.tree(), CONTENT);
  const content = path?.at(-1);
  if (path === undefined || content === undefined) return 'closed';
  const list = pathTo(content, LIST)?.at(-1);
  if (list === undefined || !path.some(isActive)) return 'not ready';
  // The list may close before its properties are read.
  const properties = await views.properties(list).catch(() => undefined);
  if (properties?.RowCount !== '1') return 'not ready';
  return properties.FirstSelectedRow === '0' ? 'chosen' : 'listed';
}

/** Returns whether the view is the window with the keyboard focus. */
function isActive({ nodeName, attributes = [] }: View): boolean {
  return nodeName === 'Window' && attributes[attributes.indexOf('active') + 1] === 'true';
}
