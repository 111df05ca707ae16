// The browser's own chooser, answered as a person does: look, press a key, look what it did. Nothing is waited for but what is seen, and
// no key is pressed before the list has its device. Knows no page.
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { NativeViews, trailTo, type View } from './native-views.ts';

export interface ChooserOptions {
  /** DISPLAY of the browser. */
  readonly display: string;
  /** Where the browser tells of its views. */
  readonly viewsPort: number;
}

/** What there is to see: no chooser; one that is not ready; one with a device, which is chosen or not. */
type Sight = 'gone' | 'not ready' | 'listed' | 'chosen';

const LIST = 'TableView';
const CONTENT = 'DeviceChooserContentView';
/** In ms. */
const LIMIT = 30_000;
const LOOK_AGAIN = 50;
/** How long a key is given before another is pressed, in ms; a key that is late does no harm. */
const KEY_PATIENCE = 2000;
/** From the button that has the focus at first back to the list, step by step, and to its first line. */
const TOWARDS_THE_DEVICE = ['shift+Tab', 'Down'];

/** Takes the only device that the chooser lists, as soon as it does. @throws Error when that cannot be done within 30 s */
export async function choose({ display, viewsPort }: ChooserOptions): Promise<void> {
  const views = await NativeViews.connect(viewsPort);
  const press = (key: string): void => {
    execFileSync('xdotool', ['key', key], { env: { ...process.env, DISPLAY: display } });
  };
  try {
    await until(views, LIMIT, 'listed');
    for (const latest = Date.now() + LIMIT; !(await until(views, KEY_PATIENCE, 'chosen').catch(() => false)); ) {
      if (Date.now() > latest) throw new Error('the keyboard does not reach the chooser’s list');
      TOWARDS_THE_DEVICE.forEach(press);
    }
    for (const latest = Date.now() + LIMIT; (await look(views)) !== 'gone'; ) {
      if (Date.now() > latest) throw new Error('the chooser does not go');
      press('Return');
      await until(views, KEY_PATIENCE, 'gone').catch(() => false);
    }
  } finally {
    views.close();
  }
}

async function until(views: NativeViews, limit: number, wanted: Sight): Promise<true> {
  const latest = Date.now() + limit;
  for (let sight = await look(views); sight !== wanted; sight = await look(views)) {
    if (Date.now() > latest) throw new Error(`the chooser is ${sight}, not ${wanted}`);
    await sleep(LOOK_AGAIN);
  }
  return true;
}

async function look(views: NativeViews): Promise<Sight> {
  const trail = trailTo(await views.tree(), CONTENT);
  const content = trail?.at(-1);
  if (trail === undefined || content === undefined) return 'gone';
  const list = trailTo(content, LIST)?.at(-1);
  if (list === undefined || !trail.some(isActive)) return 'not ready';
  // A list that goes while it is looked at has no properties.
  const properties = await views.properties(list).catch(() => undefined);
  if (properties?.RowCount !== '1') return 'not ready';
  return properties.FirstSelectedRow === '0' ? 'chosen' : 'listed';
}

/** The window that has the keyboard. */
function isActive({ nodeName, attributes = [] }: View): boolean {
  return nodeName === 'Window' && attributes[attributes.indexOf('active') + 1] === 'true';
}
