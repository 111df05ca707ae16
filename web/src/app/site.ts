// Verifies the site file with the pinned roots, and applies its settings (docs/protocol.md clause
// 9.2). Loaded only if there is a site file, or this station has accepted one.
import { toBase64url } from '#protocol/bytes/text.ts';
import { ProtocolError } from '#protocol/errors.ts';
import type { Verify } from '#protocol/signing/envelope.ts';
import type { Site, SiteProfile } from '#protocol/site/site.ts';
import { openSiteFile, peekSiteFile, type VerifiedSite } from '#protocol/site/site-file.ts';
import type { Fetch } from '../as-client/http.ts';
import type { TrustStore } from '../as-client/trust.ts';
import { verifyWith } from '../as-client/web-crypto.ts';
import type { Database } from '../journal/database.ts';
import { type Presence, type StationActivity, watchInactivity } from '../state/page/inactivity.ts';
import type { Preferences } from '../state/page/preferences.svelte.ts';
import { WITHOUT_SITE_FILE } from '../state/page/without-site-file.ts';
import type { Session } from '../state/session/session.svelte.ts';
import { type DeviceProfile, PROFILES } from '../transport/device-profiles.ts';
import { pinnedRoots } from '../trust-store/pinned-roots.ts';
import type { AsBase } from './as-base.ts';
import type { Environment } from './environment.ts';
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
  /** Returns the public keys of the pinned roots, 32 bytes each. */
  readonly roots: () => Promise<readonly Uint8Array[]>;
  readonly verify: Verify;
  readonly presence: Presence;
}

/** The parts of the page that the settings of the site change. */
interface PageParts {
  readonly session: Pick<Session, 'signedIn' | 'expire'>;
  readonly activity: StationActivity;
  readonly preferences: Pick<Preferences, 'setBrand'>;
}

const MINUTE_MS = 60_000;

export class StationSite {
  readonly asBase: AsBase;
  readonly #options: SiteOptions;
  #accepted: VerifiedSite | undefined;
  #profiles: readonly DeviceProfile[] = PROFILES;
  /** Why the file was refused after this station had pinned the root of the AS. */
  #refusal: ProtocolError | undefined;
  /** Position in `asBase` of the address that the next request uses. */
  #address = 0;
  #page: PageParts | undefined;
  #stopWatching: (() => void) | undefined;

  /**
   * Opens the site file. Returns undefined if this station uses no site file.
   * @throws ProtocolError (SiteErrorCode); journal-full, journal-failed
   */
  static async open(options: SiteOptions): Promise<StationSite | undefined> {
    const { text, settings, setting, verify } = options;
    const roots = await options.roots();
    const stored = settings.getItem(setting);
    const last = stored === null ? undefined : await acceptable(stored, roots, verify);
    if (roots.length === 0 && text !== '') return new StationSite(peekSiteFile(text), undefined, options);
    const verified = await newest(text, roots, last, options);
    return verified && new StationSite(verified.site, verified, options);
  }

  private constructor(site: Site, verified: VerifiedSite | undefined, options: SiteOptions) {
    const [first = '', ...more] = site.as;
    this.asBase = [first, ...more];
    this.#options = options;
    if (verified) this.#use(verified);
  }

  /** The built-in profiles, and before them those of the verified file. */
  get profiles(): readonly DeviceProfile[] {
    return this.#profiles;
  }

  /** Whether the label of each unit of a work order must be scanned. */
  get scansLabels(): boolean {
    return this.#accepted?.site.policy.scanLabels === true;
  }

  /**
   * Sends a request to the AS. `url` begins with the first address of the AS. After a failure of the
   * network, the next request goes to the next address.
   */
  readonly fetch: Fetch = async (url, init) => {
    const [first] = this.asBase;
    const address = this.#address;
    try {
      return await fetch((this.asBase[address] ?? first) + url.slice(first.length), init);
    } catch (error) {
      if (this.#address === address) this.#address = (address + 1) % this.asBase.length;
      throw error;
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
        if (stored || !this.#accepted) return stored;
        // The root of the AS is the one that certified the accepted file.
        await store.pin(toBase64url(this.#accepted.root));
        return await store.read();
      },
      pin: async (root) => {
        const pinned = await store.pin(root);
        await this.#check();
        return pinned;
      },
      advance: (head) => store.advance(head),
      replace: async (root) => {
        await store.replace(root);
        await this.#check();
      },
    };
  }

  /**
   * Shows the name of the site. Signs the operator out after the time without activity that the
   * policy sets.
   */
  join(page: PageParts): void {
    this.#page = page;
    this.#apply();
  }

  /** Verifies the file with the roots that are pinned now. @throws ProtocolError (SiteErrorCode) */
  async #check(): Promise<void> {
    const { roots, text } = this.#options;
    this.#refusal = undefined;
    try {
      const verified = await newest(text, await roots(), this.#accepted, this.#options);
      if (verified) this.#use(verified);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refusal = error;
      throw error;
    }
  }

  #use(verified: VerifiedSite): void {
    this.#accepted = verified;
    this.#profiles = [...verified.site.profiles.map(profileOf), ...PROFILES];
    this.#apply();
  }

  #apply(): void {
    if (this.#accepted) this.#page?.preferences.setBrand(this.#accepted.site.name);
    this.#watch();
  }

  #watch(): void {
    this.#stopWatching?.();
    const minutes = this.#accepted?.site.policy.signOutAfterMinutes;
    if (!this.#page || typeof minutes !== 'number') return;
    const { session, activity } = this.#page;
    const limits = { idleMs: minutes * MINUTE_MS, hiddenMs: (minutes / 2) * MINUTE_MS };
    this.#stopWatching = watchInactivity(this.#options.presence, limits, activity, () => {
      // A vault and a card lock by their own rules.
      if (session.signedIn?.kind === 'remote') session.expire();
      this.#watch();
    });
  }
}

/**
 * Opens the site file for this page. Returns undefined if this station uses no site file.
 * @throws ProtocolError (SiteErrorCode); journal-full, journal-failed
 */
export async function openStationSite(
  { settings, siteAnswer }: Environment,
  setting: string,
  database: Database,
): Promise<StationSite | undefined> {
  const { search, pathname, hash } = location;
  const mayContinue = search === WITHOUT_SITE_FILE;
  // A reload shows the refusal again.
  if (mayContinue) history.replaceState(null, '', pathname + hash);
  return await StationSite.open({
    settings,
    setting,
    text: await textOf(await siteAnswer),
    mayContinue,
    roots: () => pinnedRoots(database),
    verify: verifyWith(crypto.subtle),
    presence: document,
  });
}

/**
 * Returns the text of the site file; the empty text if there is none. An HTML page is not a site
 * file: some web servers send one with status 200 for a missing file, and a network that requires
 * a sign-in sends its own.
 */
async function textOf(answer: Response | undefined): Promise<string> {
  if (answer?.status !== 200) return '';
  const text = await answer.text().catch(() => '');
  return /^\s*</.test(text) ? '' : text;
}

/**
 * Verifies the file beside the page, stores it and returns it. Returns `last` if there is no file.
 * @throws ProtocolError (SiteErrorCode) unless the operator continues without a refused file
 */
async function newest(
  text: string,
  roots: readonly Uint8Array[],
  last: VerifiedSite | undefined,
  { mayContinue, settings, setting, verify }: SiteOptions,
): Promise<VerifiedSite | undefined> {
  if (text === '') return last;
  try {
    const verified = await openSiteFile(text, roots, verify, last);
    settings.setItem(setting, text);
    return verified;
  } catch (error) {
    if (mayContinue && error instanceof ProtocolError) return last;
    throw error;
  }
}

/**
 * Verifies the stored file. Returns undefined if no pinned root certifies it, for example after the
 * root was replaced.
 */
async function acceptable(
  stored: string,
  roots: readonly Uint8Array[],
  verify: Verify,
): Promise<VerifiedSite | undefined> {
  try {
    return await openSiteFile(stored, roots, verify);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

function profileOf({ ids, ...profile }: SiteProfile): DeviceProfile {
  if (ids === undefined) return profile;
  const [vendorId = 0, productId = 0] = ids.split(':').map((hex) => Number.parseInt(hex, 16));
  return { ...profile, ids: { vendorId, productId } };
}
