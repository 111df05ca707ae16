// The service worker caches a build completely or not at all, and never replaces a build while a
// page uses it.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { toHex } from '#protocol/bytes/hex.ts';
import { utf8 } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';

const ORIGIN = 'https://as.example';
const PAGE = '<!doctype html>';
const SCRIPT = 'export {};';
const hashOf = (text: string): string => toHex(sha256(utf8(text))).toLowerCase();

/** Fakes the members of a service worker's global scope that the script uses. */
class TestScope {
  readonly served = new Map([
    ['/', PAGE],
    ['/assets/a.js', SCRIPT],
  ]);
  readonly stores = new Map<string, Map<string, Response>>();
  readonly listeners = new Map<string, (event: object) => void>();
  windows = 1;
  skipped = 0;
  claimed = 0;

  readonly globals = {
    KEYFERRY_BUILD: { page: '', hash: 'b2', files: { 'index.html': hashOf(PAGE), 'assets/a.js': hashOf(SCRIPT) } },
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
    fetch: async (request: string | Request) => {
      const path = typeof request === 'string' ? request : new URL(request.url).pathname;
      const body = this.served.get(path);
      return new Response(body ?? 'none', { status: body === undefined ? 404 : 200 });
    },
  };

  /**
   * Dispatches an event. Resolves with the value of the first promise that the handler passes to
   * waitUntil() or respondWith().
   */
  async fire(type: string, event: object = {}): Promise<unknown> {
    const promises: Promise<unknown>[] = [];
    const add = (promise: Promise<unknown>): void => void promises.push(promise);
    this.listeners.get(type)?.({ ...event, waitUntil: add, respondWith: add });
    return (await Promise.all(promises))[0];
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
  it('serves the whole build without a network, with the page at the root', async () => {
    await scope.fire('install');
    scope.served.clear();
    expect(await (await scope.get('/'))?.text()).toBe(PAGE);
    expect(await (await scope.get('/assets/a.js'))?.text()).toBe(SCRIPT);
  });

  it('is not installed with a file of another build', async () => {
    scope.served.set('/assets/a.js', 'of another build');
    await expect(scope.fire('install')).rejects.toThrow('/assets/a.js is not of this build');
  });

  it('does not answer requests to the service, other methods or other origins', async () => {
    await scope.fire('install');
    expect(await scope.get('/v1/keys')).toBeUndefined();
    expect(await scope.get('/', { method: 'HEAD' })).toBeUndefined();
    const elsewhere = { request: new Request('https://elsewhere.example/') };
    expect(await scope.fire('fetch', elsewhere)).toBeUndefined();
  });

  it('uses the network when the browser has deleted the cache', async () => {
    await scope.fire('install');
    scope.stores.clear();
    expect(await (await scope.get('/assets/a.js'))?.text()).toBe(SCRIPT);
  });

  it('deletes older builds on activation, and no other caches', async () => {
    scope.stores.set('keyferry-b1', new Map()).set('of another program', new Map());
    await scope.fire('install');
    await scope.fire('activate');
    expect([...scope.stores.keys()].sort()).toEqual(['keyferry-b2', 'of another program']);
  });

  it('serves the page that installed it, without a reload', async () => {
    await scope.fire('install');
    expect(scope.claimed).toBe(0);
    await scope.fire('activate');
    expect(scope.claimed).toBe(1);
  });

  it('activates early only when the only tab requests it', async () => {
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
