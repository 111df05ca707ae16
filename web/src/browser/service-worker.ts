// Service worker that caches one complete build of the page, so that the page works without a
// network. Verifies each file by its hash (docs/adr/0028). A newer build waits until no tab has the
// page open, or until the only open tab permits the change. Requests to the service (/v1) are never
// intercepted.

interface ExtendableEvent {
  waitUntil(work: Promise<unknown>): void;
}

interface FetchEvent extends Event {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

interface Scope {
  addEventListener(type: 'install' | 'activate', listener: (event: ExtendableEvent) => void): void;
  addEventListener(type: 'fetch', listener: (event: FetchEvent) => void): void;
  addEventListener(type: 'message', listener: (event: MessageEvent & ExtendableEvent) => void): void;
  skipWaiting(): Promise<void>;
  readonly clients: {
    matchAll(options: { includeUncontrolled: true; type: 'window' }): Promise<readonly unknown[]>;
    claim(): Promise<void>;
  };
}

/** The build that this service worker caches. */
export interface CachedBuild {
  /**
   * `demo.html` in the build of the demo, otherwise empty. The service worker's scope ends with
   * this name.
   */
  readonly page: string;
  readonly hash: string;
  /**
   * Key: name of a file; the service worker's own file is not included. Value: SHA-256 of the file
   * in lower-case hex.
   */
  readonly files: Readonly<Record<string, string>>;
}

/** The build writes a definition of this constant in front of the compiled file. */
declare const KEYFERRY_BUILD: CachedBuild;

/**
 * Prefix of this page's cache names. The product and the demo have different prefixes, because each
 * deletes only its own old caches.
 */
const PREFIX = `keyferry${KEYFERRY_BUILD.page}-`;
const CACHE = PREFIX + KEYFERRY_BUILD.hash;
/** Key: path of the request, which is / for index.html. Value: hash of the file. */
const FILES = new Map(
  Object.entries(KEYFERRY_BUILD.files).map(([name, hash]) => [name === 'index.html' ? '/' : `/${name}`, hash]),
);

const scope = globalThis as unknown as Scope;
scope.addEventListener('install', (event) => event.waitUntil(fill()));
scope.addEventListener('activate', (event) => event.waitUntil(activate()));
scope.addEventListener('message', (event) => {
  if (event.data === 'activate') event.waitUntil(activateIfAlone());
});
scope.addEventListener('fetch', (event) => {
  const { method, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== 'GET' || origin !== location.origin) return;
  if (FILES.has(pathname)) event.respondWith(answer(event.request, pathname));
});

/**
 * Caches all files of the build. Rejects if the hash of a file is wrong. The server may then be
 * deploying another build.
 */
async function fill(): Promise<void> {
  const cache = await caches.open(CACHE);
  await Promise.all(
    [...FILES].map(async ([path, hash]) => {
      const response = await fetch(path, { cache: 'no-cache' });
      const digest = await crypto.subtle.digest('SHA-256', await response.clone().arrayBuffer());
      if (!response.ok || toHex(digest) !== hash) throw new Error(`${path} is not of this build`);
      await cache.put(path, response);
    }),
  );
}

/**
 * Takes control of the open page. Deletes the caches of other builds, because no tab uses those
 * builds any more.
 */
async function activate(): Promise<void> {
  await scope.clients.claim();
  const names = await caches.keys();
  await Promise.all(
    names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)),
  );
}

async function activateIfAlone(): Promise<void> {
  const windows = await scope.clients.matchAll({ includeUncontrolled: true, type: 'window' });
  if (windows.length <= 1) await scope.skipWaiting();
}

async function answer(request: Request, path: string): Promise<Response> {
  const cache = await caches.open(CACHE);
  // The browser may have deleted the cache to free storage.
  return (await cache.match(path)) ?? (await fetch(request));
}

function toHex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
