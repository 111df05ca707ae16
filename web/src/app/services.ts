// Creates the services that the page needs after its first screen: journal, AS client, links and
// lanes. Loaded lazily, as a separate chunk (docs/overview.md).
import { RemoteAs } from '../as-client/remote-as.ts';
import type { TrustStore } from '../as-client/trust.ts';
import { Database } from '../journal/database.ts';
import { withPrefix } from '../journal/indexed-db.ts';
import { Journal } from '../journal/journal.ts';
import { rotateLog } from '../journal/log-rotation.ts';
import { joinSessions } from '../journal/sessions.ts';
import { failureOf } from '../state/common/failure.ts';
import type { Help } from '../state/help/help.svelte.ts';
import type { Orders } from '../state/orders/orders.svelte.ts';
import type { StationActivity } from '../state/page/inactivity.ts';
import type { PageHealth } from '../state/page/page-health.svelte.ts';
import { WakeLockHolder } from '../state/page/wake-lock-holder.ts';
import { MAX_REQUESTS, Semaphore } from '../state/session/semaphore.ts';
import type { Session } from '../state/session/session.svelte.ts';
import { Lane } from '../state/station/lane.svelte.ts';
import type { Station } from '../state/station/station.svelte.ts';
import type { StationServices } from '../state/station/station-services.ts';
import type { Tokens } from '../state/tokens/tokens.ts';
import { PROFILES } from '../transport/device-profiles.ts';
import { Leases } from '../transport/leases.ts';
import { Links } from '../transport/links.ts';
import { StationTrustStore } from '../trust-store/trust-store.ts';
import type { CoreServices } from './core-services.ts';
import type { Environment } from './environment.ts';
import type { HelpSubjects } from './help-services.ts';
import { keepOffline } from './offline.ts';
import type { StationSite } from './site.ts';
import { timer } from './timer.ts';

export interface Services extends StationServices {
  readonly as: RemoteAs;
  /**
   * Resolves to undefined if there is no site file. If this station has stored none, only requests
   * to the AS wait for the answer of the web server. Units and vaults do not wait.
   * @throws ProtocolError journal-full, journal-failed, SiteErrorCode
   */
  readonly site: Promise<StationSite | undefined>;
  readonly wakeLock: WakeLockHolder;
  readonly keepOffline: typeof keepOffline;
  /** On the first call, loads the code for work orders. */
  readonly openOrders: (station: Station) => Promise<Orders>;
  /** Loads the code for the view Help. */
  readonly openHelp: (subjects: HelpSubjects) => Promise<Help>;
  /** Loads the code that stores the traces of attempts, and starts it. */
  readonly keepTraces: (station: Station) => Promise<void>;
  /** On the first call, loads the code for vaults and cards. */
  readonly openTokens: (
    session: Session,
    activity: StationActivity,
    settle: () => Promise<void>,
    health: PageHealth,
  ) => Promise<Tokens>;
}

/**
 * Returns `answer`. Calls `onReach` with true if a server answered, even if it is not the AS, and
 * with false if none answered.
 */
async function reported(answer: Promise<Response>, onReach: Environment['onReach']): Promise<Response> {
  try {
    const response = await answer;
    onReach(true);
    return response;
  } catch (error) {
    onReach(false);
    throw error;
  }
}

/** Requires a secure context. @throws ProtocolError journal-full, journal-failed, SiteErrorCode */
export async function startServices(environment: Environment): Promise<Services> {
  const { browser, platform, now, ticks, asBase, settings } = environment;
  const { usb, serial, wakeLock, locks, storage } = browser;
  const { onAsTime, onSuperseded, onJournalFailure, onReach } = environment;
  const database = await Database.open(withPrefix(indexedDB, environment.storagePrefix), onSuperseded);
  // One origin may serve several pages, each with its own site file.
  const setting = `site ${asBase[0]}`;
  const isStored = settings.getItem(setting) !== null;
  let site: StationSite | undefined;
  let [baseUrl] = asBase;
  /** Opens the site file if the server has one, or if this station has accepted one before. */
  const openSite = async (): Promise<TrustStore> => {
    if (isStored || (await environment.siteAnswer)?.status === 200) {
      site = await (await import('./site.ts')).openStationSite(environment, setting, database);
      [baseUrl] = site?.asBase ?? asBase;
    }
    const store = new StationTrustStore(database, baseUrl, now);
    return site?.checked(store) ?? store;
  };
  const trust = openSite();
  trust.catch(() => undefined); // main.ts awaits `site`
  if (isStored) await trust;
  rotateLog(database).catch(failureOf); // the first attempt reports a full disk
  // Browsers grant persistent storage to an installed app without asking the operator.
  if (matchMedia('(display-mode: standalone)').matches) void storage?.persist?.();
  const sessions = await joinSessions(locks, crypto.randomUUID());
  const journal: Journal = new Journal(database, sessions.id, now, () => onJournalFailure(journal.isLost));
  await journal.recover(await sessions.live());
  const as = new RemoteAs({
    fetch: (url, init) => reported((site?.fetch ?? fetch)(url, init), onReach),
    baseUrl: async () => {
      await trust;
      return baseUrl;
    },
    subtle: crypto.subtle,
    trust: {
      read: async () => (await trust).read(),
      pin: async (root) => (await trust).pin(root),
      advance: async (head) => (await trust).advance(head),
      replace: async (root) => (await trust).replace(root),
    },
    onTime: onAsTime,
  });
  const core: CoreServices = { database, journal, as, site: () => site };
  const semaphore = new Semaphore(MAX_REQUESTS);
  const links = new Links({ usb, serial, platform, profiles: () => site?.profiles ?? PROFILES, timer, now: ticks });
  return {
    journal,
    links,
    as,
    now,
    site: trust.then(() => site),
    leases: new Leases(locks, new BroadcastChannel('keyferry-leases'), sessions.id),
    wakeLock: new WakeLockHolder(wakeLock),
    keepOffline,
    makeLane: (link, options) => new Lane(link, options, semaphore),
    openHelp: async (subjects) => (await import('./help-services.ts')).openHelp(environment, core, links, subjects),
    keepTraces: async (station) => (await import('./help-services.ts')).keepTraces(core, station),
    openOrders: async (station) => {
      const { openOrders } = await import('./order-services.ts');
      return openOrders(environment, core, station);
    },
    openTokens: async (session, activity, settle, health) => {
      const { openTokens } = await import('./token-services.ts');
      const tokens = openTokens(environment, core, session, activity, settle);
      health.addPart(tokens);
      return tokens;
    },
  };
}
