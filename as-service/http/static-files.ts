// Serves the built page from memory. No request leads to a file access.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import {
  contentSecurityPolicy,
  SECURITY_HEADERS,
  SERVICE_WORKER_POLICY,
  VAULT_WORKER_POLICY,
} from './security-headers.ts';

export interface StaticFiles {
  /** Returns undefined when the file does not exist. */
  answer(path: string, request: Headers): Response | undefined;
  /** False when the page is not built. The service then serves only the API. */
  readonly hasPage: boolean;
}

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
/** File names that contain a hash of the content. */
const HASHED = /^\/(?:demo-)?assets\/[^/]+-[\w-]{8}\.\w+$/;
/** File extensions that the build compresses. */
const COMPRESSED: Readonly<Record<string, Encoding>> = { '.br': 'br', '.gz': 'gzip' };

/** A worker uses the policy of its own response, not that of the page. */
const WORKER_POLICIES: readonly (readonly [RegExp, string])[] = [
  [/^\/(?:demo-)?assets\/vault\.worker-[\w-]+\.js$/, VAULT_WORKER_POLICY],
  [/^\/(?:demo-)?service-worker\.js$/, SERVICE_WORKER_POLICY],
];

const DEMO = '/demo.html';
/**
 * Link header (RFC 8288) in the response of the page, in demo mode. The page reads it after its
 * start and then offers the demo. The build of the page is the same for every service, so it cannot
 * contain the link. Requesting demo.html instead would log a 404 error in the console of stations
 * without a demo. If a proxy drops the header, only that offer is missing.
 */
const DEMO_LINK = `<${DEMO}>; rel="alternate"; title="Demo"`;

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
  if (index !== undefined) {
    files.set('/', files.has(DEMO) ? { ...index, headers: { ...index.headers, link: DEMO_LINK } } : index);
  }
  return {
    hasPage: index !== undefined,
    answer: (path, request) => {
      const file = files.get(path);
      return file === undefined ? undefined : answerFile(file, request);
    },
  };
}

async function readFolder(folder: string): Promise<Map<string, StaticFile>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const contents = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    contents.set(`/${relative(folder, path).split(sep).join('/')}`, new Uint8Array(await readFile(path)));
  }
  const files = new Map<string, StaticFile>();
  for (const [path, content] of contents) {
    const isCompressed = Object.keys(COMPRESSED).some((end) => path.endsWith(end) && contents.has(path.slice(0, -3)));
    if (!isCompressed) files.set(path, describeFile(path, content, contents));
  }
  return files;
}

function describeFile(
  path: string,
  content: Uint8Array<ArrayBuffer>,
  contents: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
): StaticFile {
  const type = TYPES[extname(path)] ?? 'application/octet-stream';
  const bodies = new Map<Encoding, Uint8Array<ArrayBuffer>>([['identity', content]]);
  if (COMPRESSIBLE.test(type)) {
    bodies.set('br', contents.get(`${path}.br`) ?? compressBrotli(content));
    bodies.set('gzip', contents.get(`${path}.gz`) ?? new Uint8Array(gzipSync(content, { level: 9 })));
  }
  const html = type.startsWith('text/html') ? Buffer.from(content).toString('utf8') : undefined;
  const workerPolicy = WORKER_POLICIES.find(([pattern]) => pattern.test(path))?.[1];
  return {
    // A weak ETag, because the bytes of the response differ between encodings.
    etag: `W/"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`,
    bodies,
    headers: {
      ...SECURITY_HEADERS,
      ...(html === undefined ? {} : { 'content-security-policy': policyFor(html) }),
      ...(workerPolicy === undefined ? {} : { 'content-security-policy': workerPolicy }),
      'content-type': type,
      'cache-control': HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
      vary: 'accept-encoding',
    },
  };
}

function compressBrotli(content: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(
    brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: content.length } }),
  );
}

/**
 * Returns the Content-Security-Policy of an HTML file. A file with a policy in a <meta> element
 * keeps that policy. The header adds frame-ancestors, which <meta> cannot set. For other files,
 * inline styles are permitted by hash, and data: images only if the file contains one.
 */
function policyFor(html: string): string {
  const [, own] = /<meta http-equiv="Content-Security-Policy" content="([^"]+)">/.exec(html) ?? [];
  if (own !== undefined) return `${own}; frame-ancestors 'none'`;
  const [, ...begun] = html.split(/<style[^<>]*>/);
  const styles = begun.map((rest) => rest.split('</style>', 1)[0] ?? '');
  return contentSecurityPolicy({
    styleHashes: styles.map((style) => createHash('sha256').update(style).digest('base64')),
    dataImages: /(?:href|src)="data:image\//.test(html),
  });
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
