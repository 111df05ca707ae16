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
  readonly registration: { readonly scope: string };
  readonly clients: {
    matchAll(options: { includeUncontrolled: true; type: 'window' }): Promise<readonly { readonly url: string }[]>;
    claim(): Promise<void>;
  };
}

/** The build that this service worker caches. */
export interface CachedBuild {
  readonly hash: string;
  /**
   * Key: name of a file; the service worker's own file is not included. Value: SHA-256 of the file
   * in lower-case hex.
   */
  readonly files: Readonly<Record<string, string>>;
}

/** The build writes a definition of this constant in front of the compiled file. */
declare const KEYFERRY_BUILD: CachedBuild;

const scope = globalThis as unknown as Scope;

const pathOf = (url: string): string => new URL(url, location.href).pathname;

/** Path of the page's folder on the server, with a slash at both ends. */
const FOLDER = pathOf('.');
/** Path of the folder in the product, and of the page in the demo. */
const SCOPE = pathOf(scope.registration.scope);
/**
 * Prefix of this page's cache names. One origin may serve several pages, each with its own scope.
 * Each page deletes only its own old caches.
 */
const PREFIX = `keyferry${SCOPE.slice(1)}-`;
const CACHE = PREFIX + KEYFERRY_BUILD.hash;
/** Key: path of the request, which is the folder for index.html. Value: hash of the file. */
const FILES = new Map(
  Object.entries(KEYFERRY_BUILD.files).map(([name, hash]) => [pathOf(name === 'index.html' ? '.' : name), hash]),
);

scope.addEventListener('install', (event) => event.waitUntil(fill()));
scope.addEventListener('activate', (event) => event.waitUntil(activate()));
scope.addEventListener('message', (event) => {
  if (event.data === 'activate') event.waitUntil(activateIfAlone());
});
scope.addEventListener('fetch', (event) => {
  const { method, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== 'GET' || origin !== location.origin) return;
  const path = pathname === `${FOLDER}index.html` ? FOLDER : pathname;
  if (FILES.has(path)) event.respondWith(answer(event.request, path));
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
      // Copies the response, because browsers refuse a redirected response for a navigation. Some
      // servers redirect verify.html to verify.
      await cache.put(path, new Response(response.body, response));
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
    names
      // All hashes have the same length, so a longer name belongs to another page, for example the
      // page in the folder /-x/.
      .filter((name) => name.startsWith(PREFIX) && name.length === CACHE.length && name !== CACHE)
      .map((name) => caches.delete(name)),
  );
}

async function activateIfAlone(): Promise<void> {
  const windows = await scope.clients.matchAll({ includeUncontrolled: true, type: 'window' });
  // The server may serve other pages too.
  if (windows.filter(({ url }) => pathOf(url).startsWith(SCOPE)).length <= 1) await scope.skipWaiting();
}

async function answer(request: Request, path: string): Promise<Response> {
  const cache = await caches.open(CACHE);
  // The browser may have deleted the cache to free storage.
  return (await cache.match(path)) ?? (await fetch(request));
}

function toHex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
