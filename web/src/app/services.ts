// What only matters once something is done: the journal, the AS, the links and the lanes. Put together here, loaded after the first
// screen stands. Is handed what belongs to the browser.
import { ProtocolError } from '#protocol/errors.ts';
import { RemoteAs } from '../as-client/remote-as.ts';
import { Database } from '../journal/database.ts';
import { Journal } from '../journal/journal.ts';
import { rotateLog } from '../journal/log-rotation.ts';
import { joinSessions } from '../journal/sessions.ts';
import { failureOf } from '../state/common/failure.ts';
import type { Orders } from '../state/orders/order-list.svelte.ts';
import type { Work } from '../state/page/inactivity.ts';
import { WakeLockHolder } from '../state/page/wake-lock.ts';
import type { AsAccount, Session } from '../state/session/session.svelte.ts';
import { Lane, type LaneOptions } from '../state/station/lane.svelte.ts';
import type { Platform, Station } from '../state/station/station.svelte.ts';
import { Leases } from '../transport/leases.ts';
import type { Link } from '../transport/link.ts';
import { Links } from '../transport/links.ts';
import { PROFILES } from '../transport/profiles.ts';
import { StoredTrust } from '../trust-store/trust-store.ts';
import { timer } from './alarms.ts';
import type { Sources } from './token-services.ts';

export interface Services {
  readonly journal: Pick<Journal, 'begin' | 'append' | 'flush' | 'get' | 'list' | 'unsettled'>;
  readonly links: Pick<Links, 'chooseUsb' | 'chooseSerial' | 'remembered' | 'onChange'>;
  readonly as: AsAccount;
  readonly leases: Pick<Leases, 'open' | 'take' | 'onAsked'>;
  readonly wakefulness: WakeLockHolder;
  readonly makeLane: (link: Link, around: LaneOptions) => Lane;
  /** Work orders, which a station may never have. */
  readonly openOrders: (station: Station) => Promise<Orders>;
  /** Vaults and cards, which the operator may never ask for. */
  readonly openSources: (session: Session, work: Work) => Promise<Sources>;
}

export interface Environment {
  readonly usb: USB | undefined;
  readonly serial: Serial | undefined;
  readonly wakeLock: WakeLock | undefined;
  readonly credentials: CredentialsContainer | undefined;
  readonly locks: LockManager;
  readonly platform: Platform;
  /** Where the AS is, without a slash at its end. */
  readonly baseUrl: string;
  readonly now: () => Date;
  readonly ticks: () => number;
  readonly storage: StorageManager | undefined;
  readonly kept: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  readonly vibrate: (pattern: number[]) => void;
  /** The operator has clicked or typed: before that a page makes no noise. */
  readonly isTouched: () => boolean;
  /** Another tab runs a newer version of this page. */
  readonly onSuperseded: () => void;
}

/** @throws ProtocolError browser-unsupported on a page that did not come over HTTPS, journal-full, journal-failed */
export async function startServices(outside: Environment): Promise<Services> {
  if (!isSecureContext) throw new ProtocolError('browser-unsupported', 'neither locks nor WebUSB without HTTPS');
  const { usb, serial, wakeLock, locks, platform, baseUrl, now, ticks, onSuperseded } = outside;
  const database = await Database.open(indexedDB, onSuperseded);
  rotateLog(database).catch(failureOf); // should there be no room, the first attempt says so
  const sessions = await joinSessions(locks, crypto.randomUUID());
  const journal = new Journal(database, sessions.id, now);
  await journal.recover(await sessions.live());
  const as = new RemoteAs({
    fetch: (url, init) => fetch(url, init),
    baseUrl,
    subtle: crypto.subtle,
    trust: new StoredTrust(database, baseUrl, now),
  });
  return {
    journal,
    links: new Links({ usb, serial, platform, profiles: PROFILES, timer, now: ticks }),
    as,
    leases: new Leases(locks, new BroadcastChannel('keyferry-leases'), sessions.id),
    wakefulness: new WakeLockHolder(wakeLock),
    makeLane: (link, around) => new Lane(link, around),
    openOrders: async (station) => {
      const { openOrders } = await import('./order-services.ts');
      return openOrders(outside, { database, journal, as }, station);
    },
    openSources: async (session, work) => {
      const { openSources } = await import('./token-services.ts');
      return openSources(outside, { database, journal, as }, session, work);
    },
  };
}
