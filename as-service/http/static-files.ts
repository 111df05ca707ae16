// Serves the built page from memory. Reads no file while it answers a request.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { ProtocolError } from '#protocol/errors.ts';
import { BUILD_LIST, mixHeaders, SERVICE_WORKER } from '#protocol/release/build-files.ts';
import { peekSiteFile } from '#protocol/site/site-file.ts';
import { pageHeaders } from './page-headers.ts';

export interface StaticFiles {
  /** Returns undefined when the file does not exist. */
  answer(path: string, request: Headers): Response | undefined;
  /** False when the page is not built. The service then serves only the API. */
  readonly hasPage: boolean;
}

/** File contents by path. A path begins with a slash. */
type Contents = Map<string, Uint8Array<ArrayBuffer>>;
type Encoding = 'br' | 'gzip' | 'identity';

interface StaticFile {
  readonly headers: Readonly<Record<string, string>>;
  readonly etag: string;
  readonly bodies: ReadonlyMap<Encoding, Uint8Array<ArrayBuffer>>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
  '.map': 'application/json',
};
const COMPRESSIBLE = /^(text\/|image\/svg|application\/(json|manifest|wasm))/;
/** File extensions that the build compresses. */
const COMPRESSED: Readonly<Record<string, Encoding>> = { '.br': 'br', '.gz': 'gzip' };

const DEMO = '/demo.html';
/**
 * Link header (RFC 8288) in the answer to the request for the site file, in demo mode. The page
 * sends that request at its start, and offers the demo if the answer has this header. The page
 * cannot contain the link itself, because its build is the same for every service. A request for
 * demo.html would log a 404 error in the console of each station without a demo.
 */
const DEMO_LINK = '<demo.html>; rel="alternate"; title="Demo"';

/**
 * The page requests this file at its start (docs/protocol.md clause 9.2). If there is no site file,
 * the answer has status 204, because browsers log status 404 as an error.
 */
const SITE = '/site.json';

/**
 * Serves the folder `app` in `web` at the root. In demo mode, also serves those files of the folder
 * `demo` that `app` does not contain.
 */
export async function loadStaticFiles(web: string, demoMode: boolean): Promise<StaticFiles> {
  const files = new Map<string, StaticFile>();
  for (const folder of demoMode ? ['demo', 'app'] : ['app']) {
    for (const [path, file] of await readFolder(join(web, folder))) files.set(path, file);
  }
  const index = files.get('/index.html');
  if (index !== undefined) files.set('/', index);
  const site = files.get(SITE);
  const siteHeaders = { ...pageHeaders({ path: SITE.slice(1) }), ...(files.has(DEMO) ? { link: DEMO_LINK } : {}) };
  if (site !== undefined) files.set(SITE, { ...site, headers: { ...site.headers, ...siteHeaders } });
  return {
    hasPage: index !== undefined,
    answer: (path, request) => {
      const file = files.get(path);
      if (file !== undefined) return answerFile(file, request);
      return path === SITE && index !== undefined
        ? new Response(null, { status: 204, headers: siteHeaders })
        : undefined;
    },
  };
}

async function readFolder(folder: string): Promise<Map<string, StaticFile>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const contents: Contents = new Map();
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    contents.set(`/${relative(folder, path).split(sep).join('/')}`, new Uint8Array(await readFile(path)));
  }
  const asUrls = asUrlsIn(textOf(contents, SITE));
  if (asUrls.length > 0) changeBuild(contents, asUrls);
  const files = new Map<string, StaticFile>();
  for (const [path, content] of contents) {
    const isCompressed = Object.keys(COMPRESSED).some((end) => path.endsWith(end) && contents.has(path.slice(0, -3)));
    if (!isCompressed) files.set(path, describeFile(path, content, contents, asUrls));
  }
  return files;
}

/** Returns the addresses in the site file; none if there is no file, or if it cannot be read. */
function asUrlsIn(siteFile: string): readonly string[] {
  try {
    return siteFile === '' ? [] : peekSiteFile(siteFile).as;
  } catch (error) {
    if (error instanceof ProtocolError) return [];
    throw error;
  }
}

/** Makes stations fetch the page again when the addresses of the AS change (protocol/release/build-files.ts). */
function changeBuild(contents: Contents, asUrls: readonly string[]): void {
  const [worker, list] = [`/${SERVICE_WORKER}`, `/${BUILD_LIST}`];
  const files = { serviceWorker: textOf(contents, worker), list: textOf(contents, list) };
  const mixed = mixHeaders(files, JSON.stringify(asUrls));
  for (const [path, text] of [[worker, mixed.serviceWorker] as const, [list, mixed.list] as const]) {
    if (text === '') continue;
    contents.set(path, new TextEncoder().encode(text));
    for (const end of Object.keys(COMPRESSED)) contents.delete(path + end);
  }
}

function textOf(contents: Contents, path: string): string {
  return Buffer.from(contents.get(path) ?? []).toString('utf8');
}

function describeFile(
  path: string,
  content: Uint8Array<ArrayBuffer>,
  contents: Contents,
  asUrls: readonly string[],
): StaticFile {
  const type = TYPES[extname(path)] ?? 'application/octet-stream';
  const bodies = new Map<Encoding, Uint8Array<ArrayBuffer>>([['identity', content]]);
  if (COMPRESSIBLE.test(type)) {
    bodies.set('br', contents.get(`${path}.br`) ?? compressBrotli(content));
    bodies.set('gzip', contents.get(`${path}.gz`) ?? new Uint8Array(gzipSync(content, { level: 9 })));
  }
  const html = type.startsWith('text/html') ? Buffer.from(content).toString('utf8') : undefined;
  return {
    // A weak ETag, because the bytes of the response differ between encodings.
    etag: `W/"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`,
    bodies,
    headers: {
      ...pageHeaders({ path: path.slice(1), html }, asUrls),
      'content-type': type,
      vary: 'accept-encoding',
    },
  };
}

function compressBrotli(content: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(
    brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: content.length } }),
  );
}

function answerFile({ headers, etag, bodies }: StaticFile, request: Headers): Response {
  const plain = (tag: string) => tag.trim().replace(/^W\//, '');
  const tags = (request.get('if-none-match') ?? '').split(',').map(plain);
  if (tags.includes(plain(etag))) return new Response(null, { status: 304, headers: { ...headers, etag } });
  const accepted = request.get('accept-encoding') ?? '';
  const encoding = (['br', 'gzip'] as const).find((each) => bodies.has(each) && accepts(accepted, each)) ?? 'identity';
  return new Response(bodies.get(encoding) ?? null, {
    headers: { ...headers, etag, ...(encoding === 'identity' ? {} : { 'content-encoding': encoding }) },
  });
}

function accepts(header: string, encoding: string): boolean {
  return header
    .split(',')
    .map((part) => part.split(';').map((word) => word.trim()))
    .some(([name, quality]) => name === encoding && !/^q=0(\.0*)?$/.test(quality ?? ''));
}
