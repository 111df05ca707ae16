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
  /**
   * For each language, the files that are not common to all languages. Undefined for a build in
   * English only.
   */
  readonly languages?: Readonly<Record<string, readonly string[]>>;
}

/** The build writes a definition of this constant in front of the compiled file. */
declare const KEYFERRY_BUILD: CachedBuild;

const scope = globalThis as unknown as Scope;

const pathOf = (url: string): string => new URL(url, location.href).pathname;

/** Path of the page's folder on the server, with a slash at both ends. */
const FOLDER = pathOf('.');
/** In the product, the path of the page's folder; in the demo, that path followed by `demo`. */
const SCOPE = pathOf(scope.registration.scope);
const LANGUAGES = KEYFERRY_BUILD.languages ?? {};
const ENGLISH = 'en';
/** Path of the English page, and the path to which other languages add theirs. */
const [START, NAME] = SCOPE === FOLDER ? [FOLDER, `${FOLDER}index`] : [`${SCOPE}.html`, SCOPE];
/** Path of the page in a language. */
const pathIn = (language: string): string => (language === ENGLISH ? START : `${NAME}.${language}.html`);
/** Paths of the page. The scope of the product contains other pages too: the demo and the verifier. */
const PAGES: readonly string[] = [START, ...Object.keys(LANGUAGES).map(pathIn)];
/**
 * Prefix of this page's cache names. One origin may serve several pages, each with its own scope.
 * Each page deletes only its own old caches.
 */
const PREFIX = `keyferry${SCOPE.slice(1)}-`;
const CACHE = PREFIX + KEYFERRY_BUILD.hash;
/** Key: path of the request, which is the folder for index.html. Value: hash of the file. */
const FILES = new Map(Object.entries(KEYFERRY_BUILD.files).map(([name, hash]) => [pathOfFile(name), hash]));

/** For each language, the paths of the files that are not common to all languages. */
const PARTS = new Map(Object.entries(LANGUAGES).map(([language, names]) => [language, names.map(pathOfFile)]));
/** Name of the cache with the language that is cached. */
const LANGUAGE = `${PREFIX}language`;

/** The list of the build. A request with a query asks the server for its own list. */
const LIST = `${FOLDER}build.json`;
/** Folders of files whose names contain a hash of their content. */
const HASHED = [`${FOLDER}assets/`, `${FOLDER}demo-assets/`];

scope.addEventListener('install', (event) => event.waitUntil(install()));
scope.addEventListener('activate', (event) => event.waitUntil(activate()));
scope.addEventListener('message', (event) => {
  if (event.data === 'activate') event.waitUntil(activateIfAlone(event));
  if (event.data === 'language') event.waitUntil(changeLanguage(event));
  if (event.data === 'build') reply(event, { version: KEYFERRY_BUILD.version, hash: KEYFERRY_BUILD.hash });
});
scope.addEventListener('fetch', (event) => {
  const { method, mode, url, cache } = event.request;
  const { origin, pathname, search } = new URL(url);
  if (method !== 'GET' || origin !== location.origin) return;
  // The view Help compares the files on the server with a release, so the cache must not answer.
  if (cache === 'no-store') return;
  if (mode === 'navigate') event.waitUntil(deleteOtherBuilds());
  const path = filePath(pathname);
  if (path === LIST && search === '') event.respondWith(Promise.resolve(Response.json(KEYFERRY_BUILD)));
  else if (SCOPE === FOLDER && pathname === FOLDER && PARTS.size > 0)
    event.respondWith(answerInLanguage(event.request));
  else if (mode === 'navigate' && PAGES.includes(path)) event.respondWith(answerPage(event.request, path));
  else if (FILES.has(path)) event.respondWith(answer(event.request, path));
  else if (HASHED.some((folder) => path.startsWith(folder))) event.respondWith(answerOtherBuild(event.request, path));
});

/** Returns the path of the file at a path. Some servers omit the name index.html, or the extension of a page. */
function filePath(path: string): string {
  if (path === `${FOLDER}index.html`) return FOLDER;
  return PAGES.includes(`${path}.html`) ? `${path}.html` : path;
}

function pathOfFile(name: string): string {
  return pathOf(name === 'index.html' ? '.' : name);
}

/** Caches the build in the language that was cached before, or else in that of the open page. */
async function install(): Promise<void> {
  const opened = (await openPages()).map(languageOf).find((language) => language !== undefined);
  await fill((await cachedLanguage()) ?? opened ?? ENGLISH);
}

/** Returns the language in the address of a page: "de" for index.de.html. */
function languageOf(url: string): string | undefined {
  const [, language = ''] = /\.(\w+)(?:\.html)?$/.exec(pathOf(url)) ?? [];
  return PARTS.has(language) ? language : undefined;
}

/**
 * Returns the language of the link that led to a page. Some servers redirect a link to index.html to the
 * folder.
 */
function linkedLanguage(url: string): string | undefined {
  const language = new URL(url, location.href).searchParams.get('language') ?? '';
  return PARTS.has(language) ? language : undefined;
}

/** Resolves to undefined if the build is not cached in any language yet. */
async function cachedLanguage(): Promise<string | undefined> {
  if (PARTS.size === 0) return undefined;
  const stored = await (await caches.open(LANGUAGE)).match(FOLDER);
  const language = await stored?.text();
  return language !== undefined && PARTS.has(language) ? language : undefined;
}

/** Caches the language of a page that sends a message. */
async function changeLanguage({ source }: MessageEvent): Promise<void> {
  const url = (source as { readonly url?: string } | null)?.url ?? '';
  const linked = linkedLanguage(url);
  const language = linked ?? languageOf(url) ?? ENGLISH;
  const isStart = pathOf(url) === FOLDER && linked === undefined;
  if (!isStart && language !== (await cachedLanguage())) await fill(language);
}

/** Whether a page in this language loads a file. */
function isIn(language: string, path: string): boolean {
  const parts = [...PARTS].filter(([, paths]) => paths.includes(path));
  return parts.length === 0 || parts.some(([each]) => each === language);
}

/**
 * Caches all files of the build in a language. Rejects if the hash of a file is wrong. The server may
 * then be deploying another build.
 */
async function fill(language: string): Promise<void> {
  const cache = await caches.open(CACHE);
  const store = async ([path, hash]: readonly [string, string]): Promise<void> => {
    if (await cache.match(path)) return;
    const response = await fetch(path, { cache: 'no-cache' });
    const digest = await crypto.subtle.digest('SHA-256', await response.clone().arrayBuffer());
    if (!response.ok || toHex(digest) !== hash) throw new Error(`${path} is not of this build`);
    // Copies the response, because browsers refuse a redirected response for a navigation. Some
    // servers redirect verify.html to verify.
    await cache.put(path, new Response(response.body, response));
  };
  const files = [...FILES].filter(([path]) => isIn(language, path));
  // Stores the pages last, because a cached page must find its scripts.
  await Promise.all(files.filter(([path]) => !PAGES.includes(path)).map(store));
  await Promise.all(files.filter(([path]) => PAGES.includes(path)).map(store));
  if (PARTS.size > 0) await (await caches.open(LANGUAGE)).put(FOLDER, new Response(language));
}

/** Takes control of the open page, which may be a page of the previous build until it is reloaded. */
async function activate(): Promise<void> {
  await scope.clients.claim();
  await deleteOtherBuilds();
}

/**
 * Deletes the caches of other builds, unless the page is open in a tab. A page that is just being
 * opened does not count, because it gets this build.
 */
async function deleteOtherBuilds(): Promise<void> {
  if ((await openPages()).length > 0) return;
  await deleteOtherLanguages();
  const names = await caches.keys();
  await Promise.all(
    names
      // All hashes have the same length, so a longer name belongs to another page, for example the
      // page in the folder /-x/.
      .filter((name) => name.startsWith(PREFIX) && name.length === CACHE.length && name !== CACHE)
      .map((name) => caches.delete(name)),
  );
}

async function deleteOtherLanguages(): Promise<void> {
  const language = await cachedLanguage();
  if (language === undefined) return;
  const cache = await caches.open(CACHE);
  const paths = [...FILES.keys()].filter((path) => !isIn(language, path));
  await Promise.all(paths.map((path) => cache.delete(path)));
}

/**
 * Activates this build if at most one tab has the page open. Replies true if it does, otherwise
 * false.
 */
async function activateIfAlone(event: MessageEvent): Promise<void> {
  const isAlone = (await openPages()).length <= 1;
  reply(event, isAlone);
  if (isAlone) await scope.skipWaiting();
}

/**
 * Returns the address of each tab that has the page open. Ignores the tabs of other pages on the
 * same server.
 */
async function openPages(): Promise<readonly string[]> {
  const windows = await scope.clients.matchAll({ includeUncontrolled: true, type: 'window' });
  return windows.map(({ url }) => url).filter((url) => PAGES.includes(filePath(pathOf(url))));
}

function reply({ ports: [port] }: MessageEvent, answer: unknown): void {
  port?.postMessage(answer);
}

/** Answers a request for the folder with the page in the language of the link, or in the cached one. */
async function answerInLanguage(request: Request): Promise<Response> {
  const linked = linkedLanguage(request.url);
  const cached = pathIn((await cachedLanguage()) ?? ENGLISH);
  if (linked === undefined) return await answer(request, cached);
  return await answer(request, pathIn(linked)).catch(() => answer(request, cached));
}

/**
 * Answers a request for the page in one language. Without a network, answers with the page in the
 * cached language.
 */
async function answerPage(request: Request, path: string): Promise<Response> {
  return await answer(request, path).catch(() => answerInLanguage(request));
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
