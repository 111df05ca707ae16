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
  readonly served: Map<string, string>;
  readonly stores = new Map<string, Map<string, Response>>();
  readonly listeners = new Map<string, (event: object) => void>();
  /** Paths that the server redirects, and their targets. */
  readonly redirects = new Map<string, string>();
  /** Paths of all open tabs of the origin. */
  windows: readonly string[];
  skipped = 0;
  claimed = 0;
  readonly #folder: string;

  /** `folder` is the path of the page. `scope` is the path of the pages that the worker serves. */
  constructor(folder = '/', scope = folder) {
    this.#folder = folder;
    this.windows = [scope];
    this.served = new Map([
      [folder, PAGE],
      [`${folder}assets/a.js`, SCRIPT],
    ]);
    this.globals = this.#makeGlobals(scope);
  }

  readonly globals: object;

  readonly #makeGlobals = (scope: string) => ({
    KEYFERRY_BUILD: {
      version: '0.2.0',
      hash: 'b2',
      files: { 'index.html': hashOf(PAGE), 'assets/a.js': hashOf(SCRIPT) },
    },
    location: { origin: ORIGIN, href: `${ORIGIN}${this.#folder}service-worker.js` },
    registration: { scope: ORIGIN + scope },
    addEventListener: (type: string, listener: (event: object) => void) => void this.listeners.set(type, listener),
    skipWaiting: async () => void this.skipped++,
    clients: {
      matchAll: async () => this.windows.map((path) => ({ url: ORIGIN + path })),
      claim: async () => void this.claimed++,
    },
    caches: {
      open: async (name: string) => this.#open(name),
      keys: async () => [...this.stores.keys()],
      delete: async (name: string) => this.stores.delete(name),
      match: async (path: string) =>
        [...this.stores.values()]
          .find((store) => store.has(path))
          ?.get(path)
          ?.clone(),
    },
    fetch: async (request: string | Request) => {
      const path = typeof request === 'string' ? request : new URL(request.url).pathname;
      const target = this.redirects.get(path);
      const body = this.served.get(target ?? path);
      const response = new Response(body ?? 'none', { status: body === undefined ? 404 : 200 });
      return Object.defineProperty(response, 'redirected', { value: target !== undefined });
    },
  });

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

  /** Sends a message, and returns the reply of the worker. */
  async ask(data: unknown): Promise<unknown> {
    const answers: unknown[] = [];
    await this.fire('message', { data, ports: [{ postMessage: (answer: unknown) => answers.push(answer) }] });
    return answers[0];
  }

  async get(path: string, init?: RequestInit): Promise<Response | undefined> {
    return (await this.fire('fetch', { request: new Request(ORIGIN + path, init) })) as Response | undefined;
  }

  /** Opens a page. Node refuses to create a request with mode "navigate". */
  async navigate(path: string): Promise<Response | undefined> {
    const request = { method: 'GET', mode: 'navigate', url: ORIGIN + path };
    const promises: Promise<unknown>[] = [];
    const answers: Promise<Response>[] = [];
    this.listeners.get('fetch')?.({
      request,
      waitUntil: (work: Promise<unknown>) => promises.push(work),
      respondWith: (answer: Promise<Response>) => answers.push(answer),
    });
    await Promise.all(promises);
    return await answers[0];
  }

  #open(name: string) {
    const store = this.stores.get(name) ?? new Map<string, Response>();
    this.stores.set(name, store);
    return {
      put: async (path: string, response: Response) => void store.set(path, response),
      match: async (path: string) => store.get(path)?.clone(),
      delete: async (path: string) => store.delete(path),
    };
  }
}

let scope: TestScope;
async function start(started: TestScope): Promise<void> {
  scope = started;
  for (const [name, value] of Object.entries(scope.globals)) vi.stubGlobal(name, value);
  vi.resetModules();
  await import('#web/browser/service-worker.ts');
}
beforeEach(() => start(new TestScope()));
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
    scope.windows = [];
    scope.stores.set('keyferry-b1', new Map()).set('of another program', new Map());
    await scope.fire('install');
    await scope.fire('activate');
    expect([...scope.stores.keys()].sort()).toEqual(['keyferry-b2', 'of another program']);
  });

  it('keeps the files of the older build for a page that is still open, until no page is', async () => {
    scope.stores.set('keyferry-b1', new Map([['/assets/b.js', new Response('of the older build')]]));
    await scope.fire('install');
    await scope.fire('activate');
    scope.served.clear();
    expect(await (await scope.get('/assets/b.js'))?.text()).toBe('of the older build');
    await scope.navigate('/');
    expect([...scope.stores.keys()].sort()).toEqual(['keyferry-b1', 'keyferry-b2']);
    scope.windows = ['/verify.html'];
    await scope.navigate('/');
    expect([...scope.stores.keys()]).toEqual(['keyferry-b2']);
    expect((await scope.get('/assets/b.js'))?.status).toBe(404);
  });

  it('answers with its own list of the build, and lets the server answer a query', async () => {
    const list = await scope.get('/build.json');
    expect(await list?.json()).toMatchObject({
      version: '0.2.0',
      hash: 'b2',
      files: { 'assets/a.js': hashOf(SCRIPT) },
    });
    expect(await scope.get('/build.json?offered')).toBeUndefined();
  });

  it('names its build', async () => {
    expect(await scope.ask('build')).toEqual({ version: '0.2.0', hash: 'b2' });
  });

  it('serves the page that installed it, without a reload', async () => {
    await scope.fire('install');
    expect(scope.claimed).toBe(0);
    await scope.fire('activate');
    expect(scope.claimed).toBe(1);
  });

  it('activates early only when the only tab requests it', async () => {
    scope.windows = ['/', '/#orders'];
    expect(await scope.ask('activate')).toBe(false);
    expect(scope.skipped).toBe(0);
    scope.windows = ['/'];
    expect(await scope.ask('something else')).toBeUndefined();
    expect(scope.skipped).toBe(0);
    expect(await scope.ask('activate')).toBe(true);
    expect(scope.skipped).toBe(1);
  });

  it('serves the page at the address of its file too', async () => {
    await scope.fire('install');
    scope.served.clear();
    expect(await (await scope.get('/index.html'))?.text()).toBe(PAGE);
  });

  it('caches a file that the server redirects, and serves it as if it was not redirected', async () => {
    scope.served.set('/a', SCRIPT);
    scope.redirects.set('/assets/a.js', '/a');
    await scope.fire('install');
    const response = await scope.get('/assets/a.js');
    expect([response?.redirected, await response?.text()]).toEqual([false, SCRIPT]);
  });
});

describe('the service worker of a page below a path', () => {
  beforeEach(() => start(new TestScope('/tools/keys/')));

  it('serves the files of its folder, and nothing outside it', async () => {
    await scope.fire('install');
    scope.served.clear();
    expect(await (await scope.get('/tools/keys/'))?.text()).toBe(PAGE);
    expect(await (await scope.get('/tools/keys/index.html'))?.text()).toBe(PAGE);
    expect(await (await scope.get('/tools/keys/assets/a.js'))?.text()).toBe(SCRIPT);
    for (const path of ['/', '/index.html', '/assets/a.js', '/tools/keys', '/tools/keys/v1/keys'])
      expect(await scope.get(path)).toBeUndefined();
  });

  it('deletes no cache of another page of the same origin', async () => {
    const others = [
      'keyferry-b1',
      'keyferrydemo.html-b1',
      'keyferrytools/keys/demo.html-b1',
      'keyferrytools/keys/-x/-b1',
    ];
    for (const name of [...others, 'keyferrytools/keys/-b1']) scope.stores.set(name, new Map());
    scope.windows = ['/tools/keys/demo.html'];
    await scope.fire('install');
    await scope.fire('activate');
    expect([...scope.stores.keys()].sort()).toEqual([...others, 'keyferrytools/keys/-b2'].sort());
  });

  it('waits for other tabs with the page, not for other pages of the server', async () => {
    scope.windows = ['/', '/tools/', '/tools/keys/', '/tools/keys/demo.html', '/tools/keys/verify.html'];
    expect(await scope.ask('activate')).toBe(true);
    scope.windows = ['/tools/keys/index.html', '/tools/keys/#history'];
    expect(await scope.ask('activate')).toBe(false);
    expect(scope.skipped).toBe(1);
  });
});

describe('the service worker of the demo below a path', () => {
  beforeEach(() => start(new TestScope('/tools/keys/', '/tools/keys/demo.html')));

  it('has a cache of its own, and deletes no cache of the product', async () => {
    for (const name of ['keyferrytools/keys/-b1', 'keyferrytools/keys/demo.html-b1']) scope.stores.set(name, new Map());
    scope.windows = ['/tools/keys/'];
    await scope.fire('install');
    await scope.fire('activate');
    expect([...scope.stores.keys()].sort()).toEqual(['keyferrytools/keys/-b1', 'keyferrytools/keys/demo.html-b2']);
  });
});

describe('the service worker of a page in two languages', () => {
  const GERMAN = '<!doctype html><html lang="de">';
  const FILES = {
    'index.html': PAGE,
    'index.de.html': GERMAN,
    'assets/a.js': SCRIPT,
    'assets/de.js': 'de',
    'assets/en.js': 'en',
  };
  const LANGUAGES = { en: ['index.html', 'assets/en.js'], de: ['index.de.html', 'assets/de.js'] };

  /** Starts a worker of build `hash`, with the caches of an earlier one. */
  async function startBuild(
    hash: string,
    windows: readonly string[],
    stores = new Map<string, Map<string, Response>>(),
  ) {
    const started = new TestScope();
    for (const [name, store] of stores) started.stores.set(name, store);
    started.windows = windows;
    for (const [name, text] of Object.entries(FILES))
      started.served.set(name === 'index.html' ? '/' : `/${name}`, text);
    const files = Object.fromEntries(Object.entries(FILES).map(([name, text]) => [name, hashOf(text)]));
    Object.assign(started.globals, { KEYFERRY_BUILD: { version: '0.2.0', hash, files, languages: LANGUAGES } });
    await start(started);
  }
  const cached = (hash: string): readonly string[] => [...(scope.stores.get(`keyferry-${hash}`)?.keys() ?? [])].sort();
  const open = async (path: string) => await (await scope.get(path))?.text();

  it('caches what all languages share, and the language of the open page', async () => {
    await startBuild('b2', ['/index.de.html']);
    await scope.fire('install');
    expect(cached('b2')).toEqual(['/assets/a.js', '/assets/de.js', '/index.de.html']);
  });

  it('opens the folder in the cached language, without a network', async () => {
    await startBuild('b2', ['/index.de.html']);
    await scope.fire('install');
    scope.served.clear();
    expect(await open('/')).toBe(GERMAN);
    expect(await open('/assets/de.js')).toBe('de');
  });

  it('caches English for a page in the folder, and keeps to it', async () => {
    await startBuild('b2', ['/']);
    await scope.fire('install');
    expect(cached('b2')).toEqual(['/', '/assets/a.js', '/assets/en.js']);
    scope.served.clear();
    expect(await open('/')).toBe(PAGE);
  });

  it('caches another language when its page says so, and then deletes the first', async () => {
    await startBuild('b2', ['/']);
    await scope.fire('install');
    await scope.fire('message', { data: 'language', source: { url: `${ORIGIN}/index.de.html` } });
    expect(cached('b2')).toHaveLength(5);
    scope.windows = [];
    await scope.navigate('/');
    expect(cached('b2')).toEqual(['/assets/a.js', '/assets/de.js', '/index.de.html']);
    scope.served.clear();
    expect(await open('/')).toBe(GERMAN);
  });

  it('keeps the language if the new one cannot be cached', async () => {
    await startBuild('b2', ['/']);
    await scope.fire('install');
    scope.served.delete('/assets/de.js');
    const message = scope.fire('message', { data: 'language', source: { url: `${ORIGIN}/index.de.html` } });
    await expect(message).rejects.toThrow('/assets/de.js');
    expect(cached('b2')).not.toContain('/index.de.html');
    scope.served.clear();
    expect(await open('/')).toBe(PAGE);
  });

  it('opens the cached language if the page in another one cannot be fetched', async () => {
    await startBuild('b2', ['/index.de.html']);
    await scope.fire('install');
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
    expect(await (await scope.navigate('/index.html'))?.text()).toBe(GERMAN);
    // A script that fetches the page sees that it cannot be fetched.
    await expect(open('/index.html')).rejects.toThrow('Failed to fetch');
  });

  it('follows a link to English that the server redirects to the folder', async () => {
    await startBuild('b2', ['/index.de.html']);
    await scope.fire('install');
    expect(await open('/?language=en')).toBe(PAGE);
    await scope.fire('message', { data: 'language', source: { url: `${ORIGIN}/?language=en` } });
    scope.served.clear();
    expect(await open('/')).toBe(PAGE);
    expect(await open('/?language=fr')).toBe(PAGE);
  });

  it('opens the cached language if a link to another one cannot be followed', async () => {
    await startBuild('b2', ['/index.de.html']);
    await scope.fire('install');
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
    expect(await (await scope.navigate('/?language=en'))?.text()).toBe(GERMAN);
  });

  it('caches a newer build in the same language', async () => {
    await startBuild('b2', ['/index.de.html']);
    await scope.fire('install');
    await startBuild('b3', ['/'], scope.stores);
    await scope.fire('install');
    expect(cached('b3')).toEqual(['/assets/a.js', '/assets/de.js', '/index.de.html']);
  });
});
