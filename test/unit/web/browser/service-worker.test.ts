// The cache of a build: complete or not there, and never exchanged under a page that is in use.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { toHex } from '#protocol/bytes/hex.ts';
import { utf8 } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import { keepOffline } from '#web/app/offline.ts';

const ORIGIN = 'https://as.example';
const PAGE = '<!doctype html>';
const SCRIPT = 'export {};';
const hashOf = (text: string): string => toHex(sha256(utf8(text))).toLowerCase();

/** A service worker's global scope, as far as the script uses it. */
class TestScope {
  readonly served = new Map([
    ['/', PAGE],
    ['/assets/a.js', SCRIPT],
  ]);
  readonly stores = new Map<string, Map<string, Response>>();
  readonly listeners = new Map<string, (event: object) => void>();
  readonly asked: string[] = [];
  windows = 1;
  skipped = 0;
  claimed = 0;

  readonly globals = {
    KEYFERRY_BUILD: { hash: 'b2', files: { 'index.html': hashOf(PAGE), 'assets/a.js': hashOf(SCRIPT) } },
    location: { origin: ORIGIN },
    addEventListener: (type: string, listener: (event: object) => void) => void this.listeners.set(type, listener),
    skipWaiting: async () => void this.skipped++,
    clients: {
      matchAll: async () => Array.from({ length: this.windows }),
      claim: async () => void this.claimed++,
    },
    caches: {
      open: async (name: string) => this.#open(name),
      keys: async () => [...this.stores.keys()],
      delete: async (name: string) => this.stores.delete(name),
    },
    fetch: async (asked: string | Request) => {
      const path = typeof asked === 'string' ? asked : new URL(asked.url).pathname;
      this.asked.push(path);
      const body = this.served.get(path);
      return new Response(body ?? 'none', { status: body === undefined ? 404 : 200 });
    },
  };

  /** Fires an event; resolves with what it waits for, or answers. */
  async fire(type: string, event: object = {}): Promise<unknown> {
    const works: Promise<unknown>[] = [];
    const keep = (work: Promise<unknown>): void => void works.push(work);
    this.listeners.get(type)?.({ ...event, waitUntil: keep, respondWith: keep });
    return (await Promise.all(works))[0];
  }

  async get(path: string, init?: RequestInit): Promise<Response | undefined> {
    return (await this.fire('fetch', { request: new Request(ORIGIN + path, init) })) as Response | undefined;
  }

  #open(name: string) {
    const store = this.stores.get(name) ?? new Map<string, Response>();
    this.stores.set(name, store);
    return {
      put: async (path: string, response: Response) => void store.set(path, response),
      match: async (path: string) => store.get(path)?.clone(),
    };
  }
}

let scope: TestScope;
beforeEach(async () => {
  scope = new TestScope();
  for (const [name, value] of Object.entries(scope.globals)) vi.stubGlobal(name, value);
  vi.resetModules();
  await import('#web/browser/service-worker.ts');
});
afterEach(() => void vi.unstubAllGlobals());

describe('the service worker', () => {
  it('serves the whole build without a network, the page at the root', async () => {
    await scope.fire('install');
    scope.served.clear();
    expect(await (await scope.get('/'))?.text()).toBe(PAGE);
    expect(await (await scope.get('/assets/a.js'))?.text()).toBe(SCRIPT);
  });

  it('is not installed over a file that is not of its build', async () => {
    scope.served.set('/assets/a.js', 'of another build');
    await expect(scope.fire('install')).rejects.toThrow('/assets/a.js is not of this build');
  });

  it('leaves alone what is not of the build: the service, other methods, other places', async () => {
    await scope.fire('install');
    expect(await scope.get('/v1/keys')).toBeUndefined();
    expect(await scope.get('/', { method: 'HEAD' })).toBeUndefined();
    const elsewhere = { request: new Request('https://elsewhere.example/') };
    expect(await scope.fire('fetch', elsewhere)).toBeUndefined();
  });

  it('asks the network where the browser has thrown its cache away', async () => {
    await scope.fire('install');
    scope.stores.clear();
    expect(await (await scope.get('/assets/a.js'))?.text()).toBe(SCRIPT);
  });

  it('clears older builds when it takes over, and nothing that is not its own', async () => {
    scope.stores.set('keyferry-b1', new Map()).set('of another program', new Map());
    await scope.fire('install');
    await scope.fire('activate');
    expect([...scope.stores.keys()].sort()).toEqual(['keyferry-b2', 'of another program']);
  });

  it('serves the page that had it installed from then on, without a reload', async () => {
    await scope.fire('install');
    expect(scope.claimed).toBe(0);
    await scope.fire('activate');
    expect(scope.claimed).toBe(1);
  });

  it('takes over early only where one tab asks for it and is the only one', async () => {
    scope.windows = 2;
    await scope.fire('message', { data: 'activate' });
    expect(scope.skipped).toBe(0);
    scope.windows = 1;
    await scope.fire('message', { data: 'something else' });
    expect(scope.skipped).toBe(0);
    await scope.fire('message', { data: 'activate' });
    expect(scope.skipped).toBe(1);
  });
});

describe('a newer build', () => {
  function containerOf(waiting: boolean, active: object | null = {}) {
    const sent: unknown[] = [];
    const container = new EventTarget();
    const newer = waiting ? { postMessage: (message: unknown) => sent.push(message) } : null;
    const registration = { active, waiting: newer };
    return { sent, container: Object.assign(container, { controller: null, register: async () => registration }) };
  }

  async function keep(waiting: boolean, state: { untouched: boolean }) {
    vi.stubGlobal('location', { href: `${ORIGIN}/`, origin: ORIGIN });
    const { sent, container } = containerOf(waiting);
    let reloads = 0;
    const before = { isUntouched: () => state.untouched, reload: () => reloads++ };
    expect(await keepOffline(container as unknown as ServiceWorkerContainer, before)).toBe(true);
    container.dispatchEvent(new Event('controllerchange'));
    return { sent, reloads: () => reloads };
  }

  it('takes over at the start of a page in which nothing was begun', async () => {
    const { sent, reloads } = await keep(true, { untouched: true });
    expect([sent, reloads()]).toEqual([['activate'], 1]);
  });

  it('waits where something was begun', async () => {
    const { sent, reloads } = await keep(true, { untouched: false });
    expect([sent, reloads()]).toEqual([[], 0]);
  });

  it('is not looked for where there is none', async () => {
    const { sent, reloads } = await keep(false, { untouched: true });
    expect([sent, reloads()]).toEqual([[], 0]);
  });

  it('is no kept page while the first one is still being fetched', async () => {
    vi.stubGlobal('location', { href: `${ORIGIN}/`, origin: ORIGIN });
    const { container } = containerOf(false, null);
    const before = { isUntouched: () => true, reload: () => undefined };
    expect(await keepOffline(container as unknown as ServiceWorkerContainer, before)).toBe(false);
  });

  it('does not matter where the browser refuses to keep the page', async () => {
    vi.stubGlobal('location', { href: `${ORIGIN}/`, origin: ORIGIN });
    const container = Object.assign(new EventTarget(), {
      controller: null,
      register: () => Promise.reject(new DOMException('no', 'SecurityError')),
    });
    const before = { isUntouched: () => true, reload: () => undefined };
    await expect(keepOffline(container as unknown as ServiceWorkerContainer, before)).resolves.toBe(false);
  });
});
