// The page without a network: every file of its build, fetched once, held against the build's own hashes, and served from then on. One build
// at a time: a newer one waits until no tab has this page open, or the only one that has it allows it before any run. The service itself
// (/v1) is never touched. Knows nothing of what the files do.

interface Waits {
  waitUntil(work: Promise<unknown>): void;
}

interface Fetching extends Event {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

interface Scope {
  addEventListener(type: 'install' | 'activate', listener: (event: Waits) => void): void;
  addEventListener(type: 'fetch', listener: (event: Fetching) => void): void;
  addEventListener(type: 'message', listener: (event: MessageEvent & Waits) => void): void;
  skipWaiting(): Promise<void>;
  readonly clients: {
    matchAll(options: { includeUncontrolled: true; type: 'window' }): Promise<readonly unknown[]>;
    claim(): Promise<void>;
  };
}

/** A build as this file knows it: SHA-256 of every other file, in hex, by its name. */
export interface KeptBuild {
  readonly hash: string;
  readonly files: Readonly<Record<string, string>>;
}

/** Written in front of this file by the build. */
declare const KEYFERRY_BUILD: KeptBuild;

const PREFIX = 'keyferry-';
const CACHE = PREFIX + KEYFERRY_BUILD.hash;
/** By the path that is asked for; the page itself is at the root. */
const FILES = new Map(
  Object.entries(KEYFERRY_BUILD.files).map(([name, hash]) => [name === 'index.html' ? '/' : `/${name}`, hash]),
);

const scope = globalThis as unknown as Scope;
scope.addEventListener('install', (event) => event.waitUntil(fill()));
scope.addEventListener('activate', (event) => event.waitUntil(takeOver()));
scope.addEventListener('message', (event) => {
  if (event.data === 'activate') event.waitUntil(activateIfAlone());
});
scope.addEventListener('fetch', (event) => {
  const { method, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== 'GET' || origin !== location.origin) return;
  if (FILES.has(pathname)) event.respondWith(answer(event.request, pathname));
});

/** All files or none: a build that is being replaced on the server has files that do not belong together. */
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

/** Nothing is left of other builds: no tab has one of them open. The page that had this one fetched gets its later parts from here at once. */
async function takeOver(): Promise<void> {
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
  // The browser may have thrown it away to make room.
  return (await cache.match(path)) ?? (await fetch(request));
}

function toHex(octets: ArrayBuffer): string {
  return Array.from(new Uint8Array(octets), (octet) => octet.toString(16).padStart(2, '0')).join('');
}
