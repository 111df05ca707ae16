// Composition: makes every instance, hands each what it needs, and mounts the page. The only file of the product that says `navigator`.
import { mount, unmount } from 'svelte';
import { Desk } from './state/desk.svelte.ts';
import { failureOf } from './state/failure.ts';
import { History } from './state/history.svelte.ts';
import { Session } from './state/session.svelte.ts';
import { type Platform, Station } from './state/station.svelte.ts';
import type { Works } from './state/works.ts';
import App from './ui/App.svelte';

/** The first that fits; Android says Linux as well. */
const PLATFORMS: readonly (readonly [RegExp, Platform])[] = [
  [/android/i, 'android'],
  [/cros/i, 'chromeos'],
  [/windows/i, 'windows'],
  [/mac os/i, 'macos'],
  [/linux/i, 'linux'],
];

const platform = PLATFORMS.find(([pattern]) => pattern.test(navigator.userAgent))?.[1] ?? 'other';
const now = (): Date => new Date();
const ticks = (): number => performance.now();

const baseUrl = location.origin;
const { usb, serial } = navigator as Partial<Pick<Navigator, 'usb' | 'serial'>>;

/** The larger part of the program comes after the first screen. */
async function loadWorks(desk: Desk): Promise<Works> {
  const { openWorks } = await import('./state/works.ts');
  const onSuperseded = (): void => {
    desk.superseded = true;
  };
  return await openWorks({ usb, serial, locks: navigator.locks, platform, baseUrl, now, ticks, onSuperseded });
}

/** A run is not left by accident; whoever leaves all the same lets go of the units. */
function guard(station: Station, desk: Desk): void {
  addEventListener('beforeunload', (event) => {
    if (station.busy) event.preventDefault();
  });
  addEventListener('pagehide', () => station.close());
  for (const fault of ['error', 'unhandledrejection']) addEventListener(fault, () => (desk.broken = true));
}

/** The page names its demo, if there may be one beside it. */
async function lookForDemo(station: Station): Promise<void> {
  const demo = document.querySelector<HTMLMetaElement>('meta[name="keyferry-demo"]')?.content;
  if (!demo) return;
  const answer = await fetch(demo, { method: 'HEAD' }).catch(() => undefined);
  if (answer?.ok) station.demo = demo;
}

async function start(target: HTMLElement): Promise<void> {
  const desk = new Desk((text) => navigator.clipboard.writeText(text), localStorage);
  const loading = loadWorks(desk);
  const works = (): Promise<Works> => loading;
  const session = new Session(async () => (await works()).as, baseUrl, now);
  const station = new Station({
    session,
    works,
    ticks,
    random: () => crypto.getRandomValues(new Uint8Array(16)),
    platform,
    offers: { usb: usb !== undefined, serial: serial !== undefined },
  });
  const history = new History(async () => (await works()).journal);
  guard(station, desk);
  target.replaceChildren();
  const app = mount(App, { target, props: { station, history, desk } });
  try {
    await station.start();
  } catch (error) {
    const failure = failureOf(error);
    await unmount(app);
    const { Halted } = await import('./ui/later.ts');
    mount(Halted, { target, props: { failure, platform } });
    return;
  }
  await Promise.all([lookForDemo(station), import('./ui/later.ts')]);
}

const target = document.getElementById('app');
if (!target) throw new TypeError('the page has no #app');
void start(target);
