// Service worker that caches one complete build of the page, so that the page works without a
// network. Verifies each file by its hash (docs/adr/0028). A newer build waits until no tab has the
// page open, or until the only open tab requests the change (docs/adr/0055). Requests to the service
// (/v1) are never intercepted.

interface ExtendableEvent {
  waitUntil(work: Promise<unknown>): void;
}

interface FetchEvent extends Event, ExtendableEvent {
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
  readonly version: string;
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
/** Paths of the page. The scope of the product also contains the demo and the verifier. */
const PAGES: readonly string[] = [SCOPE, `${SCOPE}index.html`];
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

/** The list of the build. A request with a query asks the server for its own list. */
const LIST = `${FOLDER}build.json`;
/** Folders of files whose names contain a hash of their content. */
const HASHED = [`${FOLDER}assets/`, `${FOLDER}demo-assets/`];

scope.addEventListener('install', (event) => event.waitUntil(fill()));
scope.addEventListener('activate', (event) => event.waitUntil(activate()));
scope.addEventListener('message', (event) => {
  if (event.data === 'activate') event.waitUntil(activateIfAlone(event));
  if (event.data === 'build') reply(event, { version: KEYFERRY_BUILD.version, hash: KEYFERRY_BUILD.hash });
});
scope.addEventListener('fetch', (event) => {
  const { method, mode, url, cache } = event.request;
  const { origin, pathname, search } = new URL(url);
  if (method !== 'GET' || origin !== location.origin) return;
  // The view Help compares the files of the server with a release.
  if (cache === 'no-store') return;
  if (mode === 'navigate') event.waitUntil(deleteOtherBuilds());
  const path = pathname === `${FOLDER}index.html` ? FOLDER : pathname;
  if (path === LIST && search === '') event.respondWith(Promise.resolve(Response.json(KEYFERRY_BUILD)));
  else if (FILES.has(path)) event.respondWith(answer(event.request, path));
  else if (HASHED.some((folder) => path.startsWith(folder))) event.respondWith(answerOtherBuild(event.request, path));
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

/** Takes control of the open page, which may be a page of the previous build until it is reloaded. */
async function activate(): Promise<void> {
  await scope.clients.claim();
  await deleteOtherBuilds();
}

/**
 * Deletes the caches of other builds, unless the page is open in a tab. A page that is being opened
 * does not count, and is of this build.
 */
async function deleteOtherBuilds(): Promise<void> {
  if ((await openPages()) > 0) return;
  const names = await caches.keys();
  await Promise.all(
    names
      // All hashes have the same length, so a longer name belongs to another page, for example the
      // page in the folder /-x/.
      .filter((name) => name.startsWith(PREFIX) && name.length === CACHE.length && name !== CACHE)
      .map((name) => caches.delete(name)),
  );
}

/** Activates this build if at most one tab has the page open. Replies whether it does. */
async function activateIfAlone(event: MessageEvent): Promise<void> {
  const isAlone = (await openPages()) <= 1;
  reply(event, isAlone);
  if (isAlone) await scope.skipWaiting();
}

/** Returns the number of tabs that have the page open. The server may serve other pages too. */
async function openPages(): Promise<number> {
  const windows = await scope.clients.matchAll({ includeUncontrolled: true, type: 'window' });
  return windows.filter(({ url }) => PAGES.includes(pathOf(url))).length;
}

function reply({ ports: [port] }: MessageEvent, answer: unknown): void {
  port?.postMessage(answer);
}

async function answer(request: Request, path: string): Promise<Response> {
  const cache = await caches.open(CACHE);
  // The browser may have deleted the cache to free storage.
  return (await cache.match(path)) ?? (await fetch(request));
}

/**
 * Answers a request for a file of an earlier build. A page of that build may still be open in a tab,
 * and loads its later parts from the cache of its own build.
 */
async function answerOtherBuild(request: Request, path: string): Promise<Response> {
  return (await caches.match(path)) ?? (await fetch(request));
}

function toHex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
