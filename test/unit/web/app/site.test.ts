// Which site file a station uses: before a root key is pinned, at each start, after a refusal, and
// without a network (docs/protocol.md clause 9.2).
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { toBase64url } from '#protocol/bytes/text.ts';
import { OTHER_ROOT, publicRoot, SITE, signSiteFile } from '#test/support/site.ts';
import { verifyEd25519 } from '#test/support/vault.ts';
import type { Environment } from '#web/app/environment.ts';
import { openStationSite, StationSite } from '#web/app/site.ts';
import { openSettings, type Settings } from '#web/app/storage.ts';
import type { TrustStore } from '#web/as-client/trust.ts';
import type { SiteLook } from '#web/browser/site-look.ts';
import type { Database } from '#web/journal/database.ts';
import type { Session } from '#web/state/session/session.svelte.ts';
import { SITE_LANGUAGE } from '#web/text/languages.ts';
import { findProfile, PROFILES } from '#web/transport/device-profiles.ts';
import type { PinnedService } from '#web/trust-store/pinned-roots.ts';

/** The address in SITE. */
const AS = 'https://keys.example.org';
const SETTING = 'site https://page.example';
const TERMINAL = { vendorId: 0x2e8a, productId: 0x0005 };

let settings: Settings;
let pinned: PinnedService[];
let names: (string | null)[];
let looks: SiteLook[];
let rules: boolean[];
/** How often the units were read again. */
let refreshed: number;
const listeners = new Map<string, () => void>();
beforeEach(() => {
  settings = openSettings(''); // Node has no localStorage, so the settings are in memory.
  pinned = [known(AS)];
  names = [];
  looks = [];
  rules = [];
  refreshed = 0;
  listeners.clear();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** The pinned root of an AS. */
function known(service: string, root?: Uint8Array): PinnedService {
  return { service, root: Uint8Array.from(publicRoot(root)) };
}

function open(text: string, mayContinue = false): Promise<StationSite | undefined> {
  return StationSite.open({
    text,
    mayContinue,
    settings,
    setting: SETTING,
    pinned: async () => pinned,
    trustOf: trustStore,
    verify: verifyEd25519,
    now: () => new Date(),
    show: (look) => looks.push(look),
    presence: {
      visibilityState: 'visible',
      addEventListener: (type, listener, { signal } = {}) => {
        listeners.set(type, listener);
        signal?.addEventListener('abort', () => listeners.delete(type));
      },
    },
  });
}

async function opened(text: string, mayContinue = false): Promise<StationSite> {
  const site = await open(text, mayContinue);
  if (!site) throw new Error('no site file is used');
  return site;
}

/** A trust store in memory, which pins the roots that open() verifies with. */
function trustStore(service = AS): TrustStore {
  const stored = () => pinned.find((each) => each.service === service)?.root;
  const put = (root: string) => {
    pinned = [
      ...pinned.filter((each) => each.service !== service),
      { service, root: Uint8Array.from(Buffer.from(root, 'base64url')) },
    ];
  };
  return {
    read: async () => {
      const root = stored();
      return root && { root: toBase64url(root), pinnedAt: '2026-11-30T10:00:00.000Z' };
    },
    pin: async (root) => {
      if (!stored()) put(root);
      return toBase64url(stored() ?? new Uint8Array());
    },
    advance: async () => undefined,
    replace: async (root) => put(root),
  };
}

function join(site: StationSite, session: Pick<Session, 'signedIn' | 'expire' | 'setNeedsOrder'>): void {
  const activity = { isBusy: () => false, subscribe: () => () => undefined };
  const station = { lanes: [], reread: async () => undefined, refresh: async () => void refreshed++ };
  site.join({ station, session, activity, preferences: { setBrand: (name) => names.push(name) } });
}

const OUT = { signedIn: undefined, expire: () => undefined, setNeedsOrder: (is: boolean) => rules.push(is) };

describe('a station with a pinned root', () => {
  it('takes everything from a file that its root verifies', async () => {
    const site = await opened(await signSiteFile());
    expect(site.asBase).toEqual(SITE.as);
    expect(site.settings?.policy.scanLabels).toBe(true);
    join(site, OUT);
    expect(names).toEqual(['ACME Payments']);
    expect(looks).toMatchObject([{ accent: '#C94A3B' }]);
    expect(site.settings?.policy.autoRun).toBe(true);
    expect(rules).toEqual([true]);
    expect(findProfile(site.profiles, 'usb', TERMINAL)).toMatchObject({ name: 'Terminal', usb: { bwtMs: 1500 } });
    expect(findProfile(site.profiles, 'serial', undefined)?.serial).toEqual({
      ...{ baudRate: 9600, parity: 'even', edc: 'lrc', bwtMs: 2000 },
    });
    expect(findProfile(site.profiles, 'usb', { vendorId: 0x1209, productId: 1 })?.name).toBe('Keyferry unit');
  });

  it('stores the language of the file for the next start, until a file has none', async () => {
    join(await opened(await signSiteFile({ site: { language: 'fr' } })), OUT);
    expect(settings.getItem(SITE_LANGUAGE)).toBe('fr');
    join(await opened(await signSiteFile({ site: { serial: 8 } })), OUT);
    expect(settings.getItem(SITE_LANGUAGE)).toBeNull();
  });

  it('uses no site file if it has none', async () => {
    expect(await open('')).toBeUndefined();
  });

  it('keeps the file that it accepted when there is none any more, and refuses an older one', async () => {
    await opened(await signSiteFile());
    expect((await opened('')).settings?.policy.scanLabels).toBe(true);
    await expect(open(await signSiteFile({ site: { serial: 6 } }))).rejects.toMatchObject({ code: 'site-older' });
    const policy = { scanLabels: false, signOutAfterMinutes: null };
    const next = await opened(await signSiteFile({ site: { serial: 8, policy } }));
    expect(next.settings?.policy).toEqual(policy);
    await expect(open(await signSiteFile())).rejects.toMatchObject({ code: 'site-older' });
  });

  it('continues without a refused file, with the one that it accepted last or with none', async () => {
    const foreign = await signSiteFile({ root: OTHER_ROOT });
    await expect(open(foreign)).rejects.toMatchObject({ code: 'site-untrusted' });
    expect(await open(foreign, true)).toBeUndefined();
    await opened(await signSiteFile());
    expect((await opened(foreign, true)).asBase).toEqual(SITE.as);
  });

  it('uses no stored file of a root that was replaced', async () => {
    await opened(await signSiteFile());
    pinned = [known(AS, OTHER_ROOT)];
    expect(await open('')).toBeUndefined();
    expect((await opened(await signSiteFile({ root: OTHER_ROOT, site: { serial: 1 } }))).asBase).toEqual(SITE.as);
  });

  it('knows the root of the AS at another address that the verified file names', async () => {
    const moved = 'https://moved.example.org';
    const site = await opened(await signSiteFile({ site: { as: [moved, AS] } }));
    expect(await site.checked(trustStore(moved)).read()).toMatchObject({ root: toBase64url(publicRoot()) });
  });
});

describe('a station that knows another AS', () => {
  const OTHER_AS = 'https://other.example.org';
  const moved = () => signSiteFile({ root: OTHER_ROOT, site: { serial: 1, as: [OTHER_AS], name: 'Moved' } });

  it('takes the address from the file of an AS that it meets for the first time', async () => {
    pinned = [known('https://page.example/second')];
    const site = await opened(await moved());
    expect(site.asBase).toEqual([OTHER_AS]);
    expect(site.profiles).toBe(PROFILES);
    expect(await site.checked(trustStore(OTHER_AS)).read()).toBeUndefined();
    join(site, OUT);
    await site.checked(trustStore(OTHER_AS)).replace(toBase64url(publicRoot(OTHER_ROOT)));
    expect(names).toEqual(['Moved']);
  });

  it('moves to an AS with another address and another root, and keeps the policy until then', async () => {
    await opened(await signSiteFile());
    const site = await opened(await moved());
    const store = site.checked(trustStore(OTHER_AS));
    expect(site.asBase).toEqual([OTHER_AS]);
    expect(site.settings?.policy.scanLabels).toBe(true);
    expect(await store.read()).toBeUndefined();
    await store.replace(toBase64url(publicRoot(OTHER_ROOT)));
    expect((await opened('')).asBase).toEqual([OTHER_AS]);
  });

  it('refuses the file of another root for an address that it knows', async () => {
    pinned = [known(AS), known(OTHER_AS, OTHER_ROOT)];
    const file = await signSiteFile({ root: OTHER_ROOT });
    await expect(open(file)).rejects.toMatchObject({ code: 'site-untrusted' });
  });

  it('follows a file of the root that it knows to a new address', async () => {
    expect((await opened(await signSiteFile({ site: { as: [OTHER_AS] } }))).settings?.policy.scanLabels).toBe(true);
  });

  it('pins no replaced root that does not verify the file', async () => {
    const site = await opened(await signSiteFile());
    const store = site.checked(trustStore());
    await expect(store.replace(toBase64url(publicRoot(OTHER_ROOT)))).rejects.toMatchObject({ code: 'site-untrusted' });
    expect(pinned).toEqual([known(AS)]);
    expect((await opened('')).settings?.policy.scanLabels).toBe(true);
  });
});

describe('a station without a pinned root', () => {
  beforeEach(() => {
    pinned = [];
  });

  it('takes the address of the AS only, and stores nothing', async () => {
    const site = await opened(await signSiteFile());
    expect(site.asBase).toEqual(SITE.as);
    expect(site.profiles).toBe(PROFILES);
    expect(site.settings?.policy.scanLabels).not.toBe(true);
    join(site, OUT);
    expect(names).toEqual([]);
    expect(settings.getItem(SETTING)).toBeNull();
    expect(await site.checked(trustStore()).read()).toBeUndefined();
  });

  it('takes the rest when the operator has pinned the root that verifies the file', async () => {
    const site = await opened(await signSiteFile());
    join(site, OUT);
    expect(refreshed).toBe(0);
    await site.checked(trustStore()).replace(toBase64url(publicRoot()));
    expect(findProfile(site.profiles, 'usb', TERMINAL)?.name).toBe('Terminal');
    expect(refreshed).toBe(1);
    expect(names).toEqual(['ACME Payments']);
    expect((await opened('')).settings?.policy.scanLabels).toBe(true);
  });

  it('refuses the file, and every access to the AS, when another root was pinned', async () => {
    const site = await opened(await signSiteFile());
    const store = site.checked(trustStore());
    const refused = { code: 'site-untrusted' };
    await expect(store.replace(toBase64url(publicRoot(OTHER_ROOT)))).rejects.toMatchObject(refused);
    await expect(store.read()).rejects.toMatchObject(refused);
    expect(site.settings?.policy.scanLabels).not.toBe(true);
  });

  it('continues without a refused file', async () => {
    expect(await open('{', true)).toBeUndefined();
    expect(await open(await signSiteFile({ root: OTHER_ROOT }), true)).toBeUndefined();
  });

  it('sends no access code to an address in a file that was changed, even if the operator continued', async () => {
    await opened(await signSiteFile()).then((site) => site.checked(trustStore()).replace(toBase64url(publicRoot())));
    const { site: envelope, ...rest } = JSON.parse(await signSiteFile()) as { site: { payload: string } };
    const payload = Buffer.from(envelope.payload, 'base64url').toString().replace('ACME', 'ACNE');
    const changed = { ...rest, site: { ...envelope, payload: Buffer.from(payload).toString('base64url') } };
    settings.setItem(SETTING, JSON.stringify(changed));
    pinned = [];
    const store = (await opened('{', true)).checked(trustStore());
    const refused = { code: 'site-changed' };
    await expect(store.pin(toBase64url(publicRoot()))).rejects.toMatchObject(refused);
    await expect(store.read()).rejects.toMatchObject(refused);
  });

  it('finds its AS in the file that it accepted before the browser deleted the database', async () => {
    pinned = [known(AS)];
    await opened(await signSiteFile());
    pinned = [];
    const site = await opened('');
    expect(site.asBase).toEqual(SITE.as);
    expect(site.settings?.policy.scanLabels).not.toBe(true);
    await site.checked(trustStore()).replace(toBase64url(publicRoot()));
    expect(site.settings?.policy.scanLabels).toBe(true);
  });

  it('refuses a file that is older than the one it accepted before the browser deleted the database', async () => {
    pinned = [known(AS)];
    await opened(await signSiteFile());
    pinned = [];
    const site = await opened(await signSiteFile({ site: { serial: 6 } }));
    const refused = { code: 'site-older' };
    await expect(site.checked(trustStore()).replace(toBase64url(publicRoot()))).rejects.toMatchObject(refused);
    expect((await opened('', true)).settings?.policy.scanLabels).toBe(true);
  });

  it('refuses a file that is no site file', async () => {
    await expect(open('{"as":["https://keys.example.org"]}')).rejects.toMatchObject({ code: 'site-unsigned' });
    await expect(open('{')).rejects.toMatchObject({ code: 'site-unreadable' });
  });
});

it('a request goes to the next address after a failure of the network', async () => {
  const urls: string[] = [];
  vi.stubGlobal('fetch', async (url: string) => {
    urls.push(url);
    if (url.startsWith('https://a')) throw new TypeError('no network');
    return new Response();
  });
  const site = await opened(await signSiteFile({ site: { as: ['https://a.example', 'https://b.example/keys'] } }));
  const request = () => site.fetch('https://a.example/v1/trust', {});
  await expect(request()).rejects.toThrow('no network');
  await request();
  await request();
  expect(urls).toEqual([
    'https://a.example/v1/trust',
    'https://b.example/keys/v1/trust',
    'https://b.example/keys/v1/trust',
  ]);
});

it('a GET is repeated once at each other address, but not after a timeout', async () => {
  const urls: string[] = [];
  let fault: Error = new TypeError('no network');
  vi.stubGlobal('fetch', async (url: string) => {
    urls.push(url);
    throw fault;
  });
  const site = await opened(await signSiteFile({ site: { as: ['https://a.example', 'https://b.example'] } }));
  const request = () => site.fetch('https://a.example/v1/trust', { method: 'GET' });
  await expect(request()).rejects.toThrow('no network');
  expect(urls).toEqual(['https://a.example/v1/trust', 'https://b.example/v1/trust']);
  fault = new DOMException('timeout', 'TimeoutError');
  await expect(request()).rejects.toThrow('timeout');
  expect(urls).toHaveLength(3);
});

describe('the accepted file', () => {
  it('is used after 1 second without an answer of the web server', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    vi.stubGlobal('location', { search: '', pathname: '/', hash: '' });
    vi.stubGlobal('document', { visibilityState: 'visible', addEventListener: () => undefined });
    settings.setItem(SETTING, await signSiteFile());
    const database = { read: async () => [{ service: AS, root: toBase64url(publicRoot()) }] } as unknown as Database;
    const environment = { settings, siteAnswer: new Promise(() => undefined) } as unknown as Environment;
    const opening = openStationSite(environment, SETTING, database);
    await vi.advanceTimersByTimeAsync(1000);
    expect((await opening)?.asBase).toEqual(SITE.as);
  });

  it('is not replaced by an older one that another tab still uses', async () => {
    const site = await opened(await signSiteFile());
    const newer = await signSiteFile({ site: { serial: 8 } });
    await opened(newer);
    await site.checked(trustStore()).pin(toBase64url(publicRoot()));
    expect(settings.getItem(SETTING)).toBe(newer);
  });

  it('is kept if there is no room for the next one', async () => {
    const accepted = await signSiteFile();
    await opened(accepted);
    const { setItem, removeItem } = settings;
    settings.setItem = (name, value) => (value === accepted ? setItem(name, value) : removeItem(name));
    await opened(await signSiteFile({ site: { serial: 8 } }));
    expect(settings.getItem(SETTING)).toBe(accepted);
  });
});

describe('the policy for the sign-out', () => {
  const MINUTE = 60_000;
  const session = { signedIn: { kind: 'remote' as const } as never, expire: vi.fn(), setNeedsOrder: () => undefined };
  const govern = (site: StationSite) => join(site, session);
  beforeEach(() => {
    vi.useFakeTimers();
    session.expire.mockClear();
  });

  it('signs out after its time without input, each time', async () => {
    govern(await opened(await signSiteFile()));
    vi.advanceTimersByTime(14 * MINUTE);
    listeners.get('keydown')?.();
    vi.advanceTimersByTime(14 * MINUTE);
    expect(session.expire).not.toHaveBeenCalled();
    vi.advanceTimersByTime(MINUTE);
    expect(session.expire).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(15 * MINUTE);
    expect(session.expire).toHaveBeenCalledTimes(2);
  });

  it('begins when the file is verified', async () => {
    pinned = [];
    const site = await opened(await signSiteFile());
    govern(site);
    vi.advanceTimersByTime(60 * MINUTE);
    expect(session.expire).not.toHaveBeenCalled();
    await site.checked(trustStore()).replace(toBase64url(publicRoot()));
    vi.advanceTimersByTime(15 * MINUTE);
    expect(session.expire).toHaveBeenCalledOnce();
  });

  it('leaves a vault and a card to their own rules', async () => {
    const site = await opened(await signSiteFile());
    const expire = vi.fn();
    const local = { signedIn: { kind: 'vault' } as never, expire, setNeedsOrder: () => undefined };
    join(site, local);
    vi.advanceTimersByTime(60 * MINUTE);
    expect(expire).not.toHaveBeenCalled();
  });
});
