// Entry point of the page. Mounts the first screen while the chunk of the services is loading.
import { mount, unmount } from 'svelte';
import { type AsBase, folderOf } from './app/as-base.ts';
import type { BrowserParts, Environment } from './app/environment.ts';
import { keepTraces } from './app/keep-traces.ts';
import type { Services } from './app/services.ts';
import type { StationSite } from './app/site.ts';
import { DEMO_PREFIX, openSettings } from './app/storage.ts';
import { type Failure, failureOf } from './state/common/failure.ts';
import { once } from './state/common/once.ts';
import { LAST_ORDER } from './state/orders/last-order.ts';
import { PageHealth } from './state/page/page-health.svelte.ts';
import { Preferences } from './state/page/preferences.svelte.ts';
import { AsClock } from './state/session/as-clock.svelte.ts';
import { JournalsToReturn } from './state/session/journals-to-return.svelte.ts';
import { Session } from './state/session/session.svelte.ts';
import { Station } from './state/station/station.svelte.ts';
import { isFetchFailure } from './transport/lazy-part.ts';
import type { Platform } from './transport/platform.ts';
import type { AppContext } from './ui/common/context.ts';
import App from './ui/shell/App.svelte';

/** The first match counts, because the user agent of Android also contains "Linux". */
const PLATFORMS: readonly (readonly [RegExp, Platform])[] = [
  [/android/i, 'android'],
  [/cros/i, 'chromeos'],
  [/windows/i, 'windows'],
  [/mac os/i, 'macos'],
  [/linux/i, 'linux'],
];

const platform = PLATFORMS.find(([pattern]) => pattern.test(navigator.userAgent))?.[1] ?? 'other';
const ticks = (): number => performance.now();

const asBase: AsBase = [folderOf(location.href)];
/** Names of the AS in the journal. A site file may change them. */
let as: Pick<StationSite, 'names'> = { names: asBase };

/** Read from the document, because some servers cut the extension off the path of the page. */
const isDemo = document.body.className === 'demo';
const prefix = isDemo ? DEMO_PREFIX : '';
const settings = openSettings(prefix);
const asClock = new AsClock({ wall: () => Date.now(), ticks, settings });
const { now } = asClock;
const toReturn = new JournalsToReturn(settings);
const browser: BrowserParts = navigator;
const environment = { browser, platform, storagePrefix: prefix, asBase, now, ticks };

/**
 * The answer to the request for the site file. Its Link header names the demo, if the AS serves one
 * (as-service/http/static-files.ts). Resolves to undefined after 5 seconds, so that the sign-in
 * does not wait longer.
 */
const siteAnswer = isDemo
  ? undefined
  : fetch('site.json', { cache: 'no-cache', signal: AbortSignal.timeout(5_000) }).catch(() => undefined);

async function startServices(
  reports: Pick<Environment, 'onSuperseded' | 'onJournalFailure' | 'onReach'>,
): Promise<Services> {
  const { startServices: start } = await import('./app/services.ts');
  const services = await start({
    ...environment,
    settings,
    wordsOf: async (failure) => {
      const { explain, loadCatalog } = await import('./ui/messages/catalog.svelte.ts');
      await loadCatalog();
      return explain(failure, { platform }).title;
    },
    siteAnswer,
    onAsTime: asClock.setAsTime,
    toReturn,
    clockOffset: () => asClock.offsetMs,
    ...reports,
  });
  void services.site.then(
    (site) => {
      if (site) as = site;
    },
    () => undefined, // start() awaits the site and shows its error
  );
  return services;
}

/**
 * Makes the browser ask for confirmation before the operator leaves the page during a load. Closes
 * the links when the operator leaves. Reports uncaught errors.
 */
function guard(station: Station, health: PageHealth): void {
  addEventListener('beforeunload', (event) => {
    if (station.busy) event.preventDefault();
  });
  addEventListener('pagehide', () => station.close());
  addEventListener('error', () => health.reportError());
  addEventListener('unhandledrejection', ({ reason }) => {
    if (isFetchFailure(reason)) health.reportFetchFailure();
    else health.reportError();
  });
}

/**
 * Interval at which the page sends a request to an unreachable AS while an operator is signed in.
 */
const REACH_MS = 15_000;

/**
 * Marks the AS as unreachable when the network is lost, and sends a request when the network
 * returns.
 */
function watchReach(session: Session, health: PageHealth): void {
  addEventListener('offline', () => health.reportReach(false));
  addEventListener('online', () => {
    health.reportReach(undefined);
    void session.refresh();
  });
  setInterval(() => {
    if (health.isServiceReachable === false && !session.local && navigator.onLine) void session.refresh();
  }, REACH_MS);
}

/** Yields to the event loop, so that a slow computer handles input in between. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Replaces the page with a view that shows why the page cannot work. */
async function halt(target: HTMLElement, failure: Failure, app: AppContext): Promise<void> {
  const { default: Halted } = await import('./ui/shell/Halted.svelte');
  target.replaceChildren();
  const help = async () => (await import('./app/help-services.ts')).openHaltedHelp(failure, environment, app);
  mount(Halted, { target, props: { failure, platform, insecure: !isSecureContext, app: { ...app, help } } });
}

async function start(target: HTMLElement): Promise<void> {
  const health = new PageHealth();
  // Without HTTPS a browser has no WebUSB, no locks and no WebCrypto.
  const starting = !isSecureContext
    ? new Promise<never>(() => undefined)
    : startServices({
        onSuperseded: () => health.reportNewerVersion(),
        onReach: (isReachable) => health.reportReach(isReachable),
        onJournalFailure: (isLost) => {
          if (isLost) health.reportLostJournal();
          void station.readJournal();
        },
      });
  const preferences = new Preferences({
    copy: (text) => navigator.clipboard.writeText(text),
    keepAwake: (wanted) =>
      void starting.then(
        ({ wakeLock }) => wakeLock.keep(wanted),
        () => undefined, // station.start() reports the error
      ),
    settings,
  });
  const session = new Session(
    async () => (await starting).as,
    () => as.names,
    now,
  );
  const station = new Station({
    session,
    services: () => starting,
    ticks,
    random: () => crypto.getRandomValues(new Uint8Array(16)),
    platform,
    offers: { usb: browser.usb !== undefined, serial: browser.serial !== undefined },
  });
  const orders = once(async () => (await starting).openOrders(station));
  const activity = { isBusy: () => station.busy, subscribe: (listener: () => void) => station.onActivity(listener) };
  const tokens = once(async () => {
    return (await starting).openTokens(session, activity, () => station.settle(), health);
  });
  const help = once(async () => (await starting).openHelp({ station, health, asClock }));
  keepTraces(station, async () => (await starting).keepTraces(station));
  guard(station, health);
  watchReach(session, health);
  const parts = { station, preferences, health, orders, tokens, help, asClock, toReturn };
  if (!isSecureContext) return halt(target, { code: 'browser-unsupported' }, parts);
  await nextTask();
  target.replaceChildren();
  const app = mount(App, { target, props: parts });
  try {
    await station.start();
    (await (await starting).site)?.join({ station, session, activity, preferences });
  } catch (error) {
    const failure = failureOf(error);
    await unmount(app);
    return halt(target, failure, parts);
  }
  const { keepOffline } = await starting;
  // Runs before the last order is opened. If this build cannot open the order, a newer build may.
  const caching = import.meta.env.PROD && keepOffline(browser.serviceWorker, isDemo, { station, health });
  if (settings.getItem(LAST_ORDER) !== null) await (await orders()).reopen();
  if ((await siteAnswer)?.headers.get('link')?.includes('demo.html')) station.offerDemo();
  if (caching && !(await caching)) await (await import('./ui/messages/catalog.svelte.ts')).loadCatalog();
}

const target = document.getElementById('app');
if (!target) throw new TypeError('the page has no #app');
void start(target);
