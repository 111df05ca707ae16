// Composition: makes every instance, hands each what it needs, and mounts the page. The only file of the product that says `navigator`.
import { mount, unmount } from 'svelte';
import type { Services } from './app/services.ts';
import { type Failure, failureOf } from './state/common/failure.ts';
import { ON_THE_DESK } from './state/orders/last-open.ts';
import { Desk } from './state/page/preferences.svelte.ts';
import { Session } from './state/session/session.svelte.ts';
import { type Platform, Station } from './state/station/station.svelte.ts';
import { isUnfetched } from './transport/lazy-part.ts';
import App from './ui/shell/App.svelte';

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

/** Settings of this browser; where it keeps none, they last as long as the page. */
const kept = keptSettings();

function keptSettings(): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> {
  try {
    return localStorage;
  } catch {
    const settings = new Map<string, string>();
    return {
      getItem: (name) => settings.get(name) ?? null,
      setItem: (name, value) => void settings.set(name, value),
      removeItem: (name) => void settings.delete(name),
    };
  }
}
const { usb, serial, wakeLock } = navigator as Partial<Pick<Navigator, 'usb' | 'serial' | 'wakeLock'>>;

/** The larger part of the program comes after the first screen. */
async function loadServices(onSuperseded: () => void): Promise<Services> {
  const { startServices } = await import('./ui/later.ts');
  return await startServices({
    usb,
    serial,
    wakeLock,
    credentials: navigator.credentials,
    storage: navigator.storage,
    kept,
    vibrate: (pattern) => void navigator.vibrate?.(pattern),
    isTouched: () => navigator.userActivation.hasBeenActive,
    locks: navigator.locks,
    platform,
    baseUrl,
    now,
    ticks,
    onSuperseded,
  });
}

/** A run is not left by accident; whoever leaves all the same lets go of the units. */
function guard(station: Station, desk: Desk): void {
  addEventListener('beforeunload', (event) => {
    if (station.busy) event.preventDefault();
  });
  addEventListener('pagehide', () => station.close());
  addEventListener('error', () => (desk.broken = true));
  addEventListener('unhandledrejection', ({ reason }) => {
    if (isUnfetched(reason)) desk.cutOff = true;
    else desk.broken = true;
  });
}

/** An AS in demo mode names its demo beside this page, in a header of the page itself (RFC 8288). */
async function lookForDemo(station: Station): Promise<void> {
  const answer = await fetch(location.pathname, { method: 'HEAD' }).catch(() => undefined);
  await answer?.text(); // else DevTools shows it as aborted
  station.demo = /^<([^>]+)>; rel="alternate"/.exec(answer?.headers.get('link') ?? '')?.[1];
}

/** What was done so far is a task of its own: a slow computer answers its operator in between. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Instead of the page: what keeps it from working here. */
async function halt(target: HTMLElement, failure: Failure): Promise<void> {
  const { Halted } = await import('./ui/seldom.ts');
  target.replaceChildren();
  mount(Halted, { target, props: { failure, platform } });
}

async function start(target: HTMLElement): Promise<void> {
  // Over plain HTTP a browser gives neither USB nor locks nor cryptography.
  if (!isSecureContext) return halt(target, { code: 'browser-unsupported' });
  const loading = loadServices(() => {
    desk.superseded = true;
  });
  const desk = new Desk({
    copy: (text) => navigator.clipboard.writeText(text),
    keepAwake: (wanted) =>
      void loading.then(
        ({ wakefulness }) => wakefulness.keep(wanted),
        () => undefined, // said by station.start()
      ),
    kept,
  });
  const works = (): Promise<Services> => loading;
  const session = new Session(async () => (await works()).as, baseUrl, now);
  const station = new Station({
    session,
    works,
    ticks,
    random: () => crypto.getRandomValues(new Uint8Array(16)),
    platform,
    offers: { usb: usb !== undefined, serial: serial !== undefined },
  });
  guard(station, desk);
  await nextTask();
  target.replaceChildren();
  const app = mount(App, { target, props: { station, desk } });
  try {
    await station.start();
  } catch (error) {
    const failure = failureOf(error);
    await unmount(app);
    return halt(target, failure);
  }
  if (kept.getItem(ON_THE_DESK) !== null) await (await station.orders()).reopen();
  const [{ keepOffline, loadCatalog }] = await Promise.all([import('./ui/later.ts'), lookForDemo(station)]);
  if (!import.meta.env.PROD) return;
  const isUntouched = (): boolean => station.lanes.length === 0 && session.state.is === 'out';
  const isKept = await keepOffline(navigator.serviceWorker, { isUntouched, reload: () => location.reload() });
  if (!isKept) await loadCatalog();
}

const target = document.getElementById('app');
if (!target) throw new TypeError('the page has no #app');
void start(target);
