// Verifies the site file with the pinned roots, and applies its settings (docs/protocol.md clause
// 9.2). Loaded only if there is a site file, or this station has accepted one.
import { equalBytes } from '#protocol/bytes/bytes.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { Verify } from '#protocol/signing/envelope.ts';
import type { Site, SiteProfile } from '#protocol/site/site.ts';
import { openSiteFile, peekSiteFile, type VerifiedSite } from '#protocol/site/site-file.ts';
import type { Fetch } from '../as-client/http.ts';
import type { PinnedTrust, TrustStore } from '../as-client/trust.ts';
import { verifyWith } from '../as-client/web-crypto.ts';
import { type SiteLook, showLook } from '../browser/site-look.ts';
import type { Database } from '../journal/database.ts';
import { type Presence, type StationActivity, watchInactivity } from '../state/page/inactivity.ts';
import type { Preferences } from '../state/page/preferences.svelte.ts';
import { WITHOUT_SITE_FILE } from '../state/page/without-site-file.ts';
import type { Session } from '../state/session/session.svelte.ts';
import { SITE_LANGUAGE } from '../text/languages.ts';
import { type DeviceProfile, PROFILES } from '../transport/device-profiles.ts';
import { type PinnedService, pinnedServices } from '../trust-store/pinned-roots.ts';
import { addressesOfRoot, withNewestHead } from '../trust-store/same-root.ts';
import { StationTrustStore } from '../trust-store/trust-store.ts';
import type { AsBase } from './as-base.ts';
import type { Environment } from './environment.ts';
import { type RereadStation, rereadUnits } from './reread-units.ts';
import { textIn } from './site-text.ts';
import type { Settings } from './storage.ts';

export interface SiteOptions {
  /** The file beside the page; the empty text if there is none or it could not be fetched. */
  readonly text: string;
  /**
   * Whether the operator continues without a refused file. The page then uses the file that it
   * accepted last, if there is one.
   */
  readonly mayContinue: boolean;
  readonly settings: Settings;
  /** Name of the setting that stores the accepted file. */
  readonly setting: string;
  /** Returns the pinned roots of all AS that this station knows. */
  readonly pinned: () => Promise<readonly PinnedService[]>;
  /** Returns the trust store of the AS at this address. */
  readonly trustOf: (service: string) => Pick<TrustStore, 'replace'>;
  readonly verify: Verify;
  readonly presence: Presence;
  /** Shows the mark and the accent of the site. */
  readonly show: (look: SiteLook) => void;
  /** The time of the AS. */
  readonly now: () => Date;
}

/** The parts of the page that the settings of the site change. */
interface PageParts {
  readonly station: RereadStation;
  readonly session: Pick<Session, 'signedIn' | 'expire' | 'setNeedsOrder'>;
  readonly activity: StationActivity;
  readonly preferences: Pick<Preferences, 'setBrand'>;
}

const MINUTE_MS = 60_000;

export class StationSite {
  readonly asBase: AsBase;
  readonly #options: SiteOptions;
  /**
   * The file that supplied `asBase`, until a pinned root verifies it. Until then the policy comes
   * from the file that this station accepted earlier.
   */
  #unverified: string | undefined;
  #accepted: VerifiedSite | undefined;
  #profiles: readonly DeviceProfile[] = PROFILES;
  /** Why the file was refused after this station had pinned the root of the AS. */
  #refusal: ProtocolError | undefined;
  /** Position in `asBase` of the address that the next request uses. */
  #address = 0;
  #names: AsBase;
  #page: PageParts | undefined;
  #stopWatching: (() => void) | undefined;

  /**
   * Opens the site file. Returns undefined if this station uses no site file.
   * @throws ProtocolError (SiteErrorCode); journal-full, journal-failed
   */
  static async open(options: SiteOptions): Promise<StationSite | undefined> {
    const { text, mayContinue } = options;
    const pinned = await options.pinned();
    const last = await lastAccepted(pinned, options);
    try {
      if (text !== '') {
        const verified = await verifyFile(text, pinned, last, options);
        await keep(text, verified, pinned, options);
        return new StationSite(verified.site, { verified }, options, pinned);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      if (!mayContinue) {
        if (error.code !== 'site-untrusted' || namesKnownAs(text, pinned)) throw error;
        return new StationSite(peekSiteFile(text), { verified: last, unverified: text }, options);
      }
    }
    if (last) return new StationSite(last.site, { verified: last }, options, pinned);
    // The browser may have deleted the database with the pinned roots, but not the settings.
    const stored = storedIn(options);
    if (addressesOf(stored).length === 0 || namesKnownAs(stored, pinned)) return undefined;
    return new StationSite(peekSiteFile(stored), { unverified: stored }, options);
  }

  private constructor(
    site: Site,
    { verified, unverified }: { readonly verified?: VerifiedSite | undefined; readonly unverified?: string },
    options: SiteOptions,
    pinned: readonly PinnedService[] = [],
  ) {
    const [first = '', ...more] = site.as;
    this.asBase = [first, ...more];
    this.#options = options;
    this.#unverified = unverified;
    this.#names = [first];
    if (verified) this.#use(verified, pinned);
  }

  /**
   * Names under which the journal of this station records the AS. A new attempt gets the first one.
   * The other names are the addresses at which the station has pinned the root key of the AS.
   */
  get names(): AsBase {
    return this.#names;
  }

  /** The profiles of the verified file, then the built-in profiles. */
  get profiles(): readonly DeviceProfile[] {
    return this.#profiles;
  }

  /** The settings of the verified file; undefined until a file is verified. */
  get settings(): Site | undefined {
    return this.#accepted?.site;
  }

  /**
   * Sends a request to the AS. `url` begins with the first address of the AS. After a failure of the
   * network, the next request goes to the next address. A GET changes nothing at the AS, so it is
   * repeated at each other address.
   */
  readonly fetch: Fetch = async (url, init) => {
    const [first] = this.asBase;
    for (let left = this.asBase.length; ; left--) {
      const address = this.#address;
      try {
        return await fetch((this.asBase[address] ?? first) + url.slice(first.length), init);
      } catch (error) {
        if (this.#address === address) this.#address = (address + 1) % this.asBase.length;
        if (left === 1 || init.method !== 'GET' || !(error instanceof TypeError)) throw error;
      }
    }
  };

  /**
   * Returns the trust store with a check of the site file after each change of the root. While the
   * file is refused, every access is refused too, so that no access code is sent.
   */
  checked(store: TrustStore): TrustStore {
    return {
      read: async () => {
        if (this.#refusal) throw this.#refusal;
        const stored = await store.read();
        if (stored || !this.#accepted || this.#unverified !== undefined) return await this.#newest(stored);
        // Pins the root that certified the accepted file, because it is the root of the AS.
        await store.pin(toBase64url(this.#accepted.root));
        return await this.#newest(await store.read());
      },
      pin: async (root) => {
        const pinned = await store.pin(root);
        await this.#check(pinned);
        return pinned;
      },
      advance: (head) => store.advance(head),
      replace: async (root) => {
        if (this.#unverified === undefined) {
          // Pins the root of an AS that was set up again only if the root verifies the file. Under
          // the new root, the file that this station accepted last is no longer valid.
          await this.#verify(root, false);
        }
        // The operator has confirmed that the audit log may be older than the stored heads.
        for (const service of this.#otherAddresses(fromBase64url(root), await this.#options.pinned()))
          await this.#options.trustOf(service).replace(root);
        await store.replace(root);
        await this.#check(root);
      },
    };
  }

  /**
   * Shows the name of the site, and reads the units with the profiles of the site. Signs out an
   * inactive operator after the time that the policy sets.
   */
  join(page: PageParts): void {
    this.#page = page;
    this.#apply();
  }

  /** Verifies the file with `root`, which is pinned now, and uses it. @throws ProtocolError (SiteErrorCode) */
  async #check(root: string): Promise<void> {
    const mayContinue = this.#options.mayContinue && this.#unverified === undefined;
    const text = this.#text;
    const verified = await this.#verify(root, mayContinue);
    const pinned = await this.#pinnedWith(root);
    this.#setNames(fromBase64url(root), pinned);
    if (!verified) return;
    await keep(text, verified, pinned, this.#options);
    this.#unverified = undefined;
    this.#use(verified, pinned);
  }

  get #text(): string {
    return this.#unverified ?? this.#options.text;
  }

  /**
   * Verifies the file as if `root` were pinned for this AS. Returns undefined if there is no file,
   * or if the page may continue without this one.
   * @throws ProtocolError (SiteErrorCode)
   */
  async #verify(root: string, mayContinue: boolean): Promise<VerifiedSite | undefined> {
    this.#refusal = undefined;
    if (this.#text === '') return undefined;
    try {
      const pinned = await this.#pinnedWith(root);
      const last = this.#accepted ?? (await lastAccepted(pinned, this.#options));
      return await verifyFile(this.#text, pinned, last, this.#options);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      if (mayContinue) return undefined;
      this.#refusal = error;
      throw error;
    }
  }

  async #pinnedWith(root: string): Promise<readonly PinnedService[]> {
    const [service] = this.asBase;
    const others = (await this.#options.pinned()).filter((each) => each.service !== service);
    return [...others, { service, root: fromBase64url(root) }];
  }

  async #newest(stored: PinnedTrust | undefined): Promise<PinnedTrust | undefined> {
    return stored && withNewestHead(stored, await this.#options.pinned());
  }

  #setNames(root: Uint8Array, pinned: readonly PinnedService[]): void {
    this.#names = [this.asBase[0], ...this.#otherAddresses(root, pinned)];
  }

  #otherAddresses(root: Uint8Array, pinned: readonly PinnedService[]): readonly string[] {
    return addressesOfRoot(root, pinned).filter((service) => service !== this.asBase[0]);
  }

  #use(verified: VerifiedSite, pinned: readonly PinnedService[]): void {
    this.#accepted = verified;
    if (this.#unverified === undefined) this.#setNames(verified.root, pinned);
    this.#profiles = [...verified.site.profiles.map(profileOf), ...PROFILES];
    this.#apply();
  }

  #apply(): void {
    if (this.#accepted) {
      storeLanguage(this.#accepted.site.language, this.#options);
      this.#page?.preferences.setBrand(this.#accepted.site.name);
      this.#page?.session.setNeedsOrder(this.#accepted.site.policy.singleKeys === false);
      if (this.#page) this.#options.show(this.#accepted.site);
      if (this.#page) void rereadUnits(this.#page.station);
    }
    this.#watch();
  }

  #watch(): void {
    this.#stopWatching?.();
    const minutes = this.#accepted?.site.policy.signOutAfterMinutes;
    if (!this.#page || typeof minutes !== 'number') return;
    const { session, activity } = this.#page;
    const { presence, now } = this.#options;
    const limits = { idleMs: minutes * MINUTE_MS, hiddenMs: (minutes / 2) * MINUTE_MS };
    this.#stopWatching = watchInactivity(
      presence,
      limits,
      activity,
      () => {
        // A vault and a card lock by their own rules.
        if (session.signedIn?.kind === 'remote') session.expire();
        this.#watch();
      },
      now,
    );
  }
}

/**
 * Opens the site file for this page. Returns undefined if this station uses no site file.
 * @throws ProtocolError (SiteErrorCode); journal-full, journal-failed
 */
export async function openStationSite(
  { settings, siteAnswer, now }: Environment,
  setting: string,
  database: Database,
): Promise<StationSite | undefined> {
  const { search, pathname, hash } = location;
  const mayContinue = search === WITHOUT_SITE_FILE;
  // Removes the query, so that a reload shows the refusal again.
  if (mayContinue) history.replaceState(null, '', pathname + hash);
  return await StationSite.open({
    settings,
    setting,
    text: await textIn(siteAnswer, settings.getItem(setting) !== null),
    mayContinue,
    pinned: () => pinnedServices(database),
    trustOf: (service) => new StationTrustStore(database, service, now),
    verify: verifyWith(crypto.subtle),
    presence: document,
    show: (look) => void showLook(document, look),
    now,
  });
}

/**
 * Verifies a file with the root of the first of its addresses that this station knows. If it knows
 * none, the AS may have moved, and any pinned root may verify the file.
 * @throws ProtocolError (SiteErrorCode)
 */
async function verifyFile(
  text: string,
  pinned: readonly PinnedService[],
  last: VerifiedSite | undefined,
  { verify }: SiteOptions,
): Promise<VerifiedSite> {
  const [known] = addressesOf(text).flatMap((address) => pinned.filter(({ service }) => service === address));
  const roots = (known ? [known] : pinned).map(({ root }) => root);
  return await openSiteFile(text, roots, verify, last);
}

/** Stores a verified file, unless another tab has stored a newer one. */
async function keep(
  text: string,
  { root, site }: VerifiedSite,
  pinned: readonly PinnedService[],
  options: SiteOptions,
): Promise<void> {
  const { settings, setting } = options;
  const last = await lastAccepted(pinned, options);
  if (last && equalBytes(last.root, root) && last.site.serial >= site.serial) return;
  const stored = storedIn(options);
  settings.setItem(setting, text);
  // openSettings() drops a setting that does not fit into the storage. Restores the previous file.
  if (settings.getItem(setting) === null && stored !== '') settings.setItem(setting, stored);
}

function storedIn({ settings, setting }: SiteOptions): string {
  return settings.getItem(setting) ?? '';
}

/**
 * Verifies the stored file. Returns undefined if no pinned root certifies it, for example after the
 * root was replaced.
 */
async function lastAccepted(pinned: readonly PinnedService[], options: SiteOptions): Promise<VerifiedSite | undefined> {
  const stored = storedIn(options);
  if (stored === '') return undefined;
  try {
    return await verifyFile(stored, pinned, undefined, options);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

/** Whether this station has pinned a root for an address in the file. */
function namesKnownAs(text: string, pinned: readonly PinnedService[]): boolean {
  const addresses = addressesOf(text);
  return pinned.some(({ service }) => addresses.includes(service));
}

/** Returns the addresses in a file without verifying it; none if it cannot be read. */
function addressesOf(text: string): readonly string[] {
  try {
    return peekSiteFile(text).as;
  } catch (error) {
    if (error instanceof ProtocolError) return [];
    throw error;
  }
}

/** Stores the language for the next start of the page. A change now would interrupt the operator. */
function storeLanguage(language: string | undefined, { settings }: SiteOptions): void {
  if (language === undefined) settings.removeItem(SITE_LANGUAGE);
  else settings.setItem(SITE_LANGUAGE, language);
}

function profileOf({ ids, ...profile }: SiteProfile): DeviceProfile {
  if (ids === undefined) return profile;
  const [vendorId = 0, productId = 0] = ids.split(':').map((hex) => Number.parseInt(hex, 16));
  return { ...profile, ids: { vendorId, productId } };
}
