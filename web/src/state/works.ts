// What only matters once something is done: the journal, the AS, the links and the lanes. Put together here, loaded after the first
// screen stands. Is handed what belongs to the browser.
import { RemoteAs } from '../source/remote-as.ts';
import { Database } from '../store/database.ts';
import { Journal } from '../store/journal.ts';
import { joinSessions } from '../store/sessions.ts';
import { StoredTrust } from '../store/trust-store.ts';
import type { Link } from '../transport/link.ts';
import { Links } from '../transport/links.ts';
import { PROFILES } from '../transport/profiles.ts';
import { after } from '../transport/timer.ts';
import { Lane, type Surroundings } from './lane.svelte.ts';
import type { AsAccount } from './session.svelte.ts';
import type { Platform } from './station.svelte.ts';

export interface Works {
  readonly journal: Pick<Journal, 'begin' | 'append' | 'get' | 'list' | 'unsettled'>;
  readonly links: Pick<Links, 'chooseUsb' | 'chooseSerial' | 'remembered' | 'onChange'>;
  readonly as: AsAccount;
  readonly makeLane: (link: Link, around: Surroundings) => Lane;
}

export interface Outside {
  readonly usb: USB | undefined;
  readonly serial: Serial | undefined;
  readonly locks: LockManager;
  readonly platform: Platform;
  /** Where the AS is, without a slash at its end. */
  readonly baseUrl: string;
  readonly now: () => Date;
  readonly ticks: () => number;
  /** Another tab runs a newer version of this page. */
  readonly onSuperseded: () => void;
}

/** @throws ProtocolError journal-full, journal-failed */
export async function openWorks(outside: Outside): Promise<Works> {
  const { usb, serial, locks, platform, baseUrl, now, ticks, onSuperseded } = outside;
  const database = await Database.open(indexedDB, onSuperseded);
  const sessions = await joinSessions(locks, crypto.randomUUID());
  const journal = new Journal(database, sessions.id, now);
  await journal.recover(await sessions.live());
  return {
    journal,
    links: new Links({ usb, serial, platform, profiles: PROFILES, timer: after, now: ticks }),
    as: new RemoteAs({
      fetch: (url, init) => fetch(url, init),
      baseUrl,
      subtle: crypto.subtle,
      trust: new StoredTrust(database, baseUrl, now),
    }),
    makeLane: (link, around) => new Lane(link, around),
  };
}
