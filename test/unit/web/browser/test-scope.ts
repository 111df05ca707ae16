// The global scope of a service worker, for tests: a server, caches, and the tabs of the origin.
import { vi } from 'vitest';
import { toHex } from '#protocol/bytes/hex.ts';
import { utf8 } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';

export const ORIGIN = 'https://as.example';
export const PAGE = '<!doctype html>';
export const SCRIPT = 'export {};';
export const hashOf = (text: string): string => toHex(sha256(utf8(text))).toLowerCase();

/** Fakes the members of a service worker's global scope that the script uses. */
export class TestScope {
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

/** Starts the service worker in a scope. */
export async function start(scope: TestScope): Promise<void> {
  for (const [name, value] of Object.entries(scope.globals)) vi.stubGlobal(name, value);
  vi.resetModules();
  await import('#web/browser/service-worker.ts');
}
