// How the service sends the files of the page: media types, caching, compression and content
// security policies.
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadStaticFiles } from '#as-service/http/static-files.ts';
import { type TemporaryFolder, temporaryFolder } from '#test/support/as-service.ts';
import { SITE, signSiteFile } from '#test/support/site.ts';
import { makeFolder } from '#test/support/site-folder.ts';

const STYLE = 'body{color:#123}';
const HTML = `<!doctype html><style>${STYLE}</style><script type="module" src="/assets/main-AbCd1234.js"></script>`;
const SCRIPT = `console.log(${JSON.stringify('x'.repeat(2000))})`;

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
  const files = {
    'app/index.html': HTML,
    'app/assets/main-AbCd1234.js': SCRIPT,
    'app/assets/main-AbCd1234.js.br': 'compressed by the build',
    'app/assets/vault.worker-AbCd1234.js': 'worker',
    'app/service-worker.js': 'service worker',
    'app/verify.html': `<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'sha256-AA'"><style>${STYLE}</style>`,
    'app/favicon.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
    'demo/demo.html': HTML.replace(STYLE, 'p{}').replace('<script', '<img src="data:image/png;base64,AA"><script'),
    'demo/demo-assets/demo-AbCd1234.js': 'simulator',
  };
  await makeFolder(folder.path, files);
});
afterEach(() => folder.remove());

const load = (demoMode = false) => loadStaticFiles(folder.path, demoMode);
async function get(path: string, headers: Record<string, string> = {}, demoMode = false): Promise<Response> {
  const response = (await load(demoMode)).answer(path, new Headers(headers));
  if (response === undefined) throw new Error(`no file ${path}`);
  return response;
}
const bodyOf = async (response: Response) => Buffer.from(await response.arrayBuffer());
const policyOf = (response: Response) => response.headers.get('content-security-policy') ?? '';

describe('the page', () => {
  it('is at the root, with the hash of its inline style and nothing unsafe in the policy', async () => {
    const response = await get('/');
    expect(await response.text()).toBe(HTML);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-cache');
    const hash = createHash('sha256').update(STYLE).digest('base64');
    expect(policyOf(response)).toContain(`style-src 'self' 'sha256-${hash}';`);
    expect(policyOf(response)).toContain("img-src 'self';");
    expect(policyOf(response)).not.toContain('unsafe');
  });

  it('permits data: images in its policy only if it contains such an image', async () => {
    expect(policyOf(await get('/demo.html', {}, true))).toContain("img-src 'self' data:;");
  });

  it('keeps the policy of its meta element, if it has one, and may not be framed', async () => {
    const policy = policyOf(await get('/verify.html'));
    expect(policy).toBe("default-src 'none'; script-src 'sha256-AA'; frame-ancestors 'none'");
  });

  it('has a vault worker with its own policy, which permits no connection', async () => {
    const policy = policyOf(await get('/assets/vault.worker-AbCd1234.js')).split('; ');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'wasm-unsafe-eval'");
    expect(policy.some((directive) => directive.includes("'self'"))).toBe(false);
  });

  it('has a service worker that fetches from this service only and is not cached', async () => {
    const response = await get('/service-worker.js');
    expect(policyOf(response).split('; ')).toEqual(
      expect.arrayContaining(["default-src 'none'", "connect-src 'self'"]),
    );
    expect(response.headers.get('cache-control')).toBe('no-cache');
  });

  it('names the demo in the Link header of the site file in demo mode only, also if there is no such file', async () => {
    const link = '<demo.html>; rel="alternate"; title="Demo"';
    expect((await get('/site.json', {}, true)).headers.get('link')).toBe(link);
    const none = await get('/site.json');
    expect(none.status).toBe(204);
    expect(none.headers.get('link')).toBeNull();
    expect(none.headers.get('cache-control')).toBe('no-cache');
    await writeFile(join(folder.path, 'app', 'site.json'), '{}');
    const site = await get('/site.json', {}, true);
    expect(site.status).toBe(200);
    expect(site.headers.get('link')).toBe(link);
    expect(site.headers.get('content-type')).toBe('application/json');
    expect((await get('/site.json')).headers.get('link')).toBeNull();
  });

  it('permits the addresses in its site file, which change the hash of the build', async () => {
    const worker = 'const KEYFERRY_BUILD = {"hash":"ab","files":{}};\n';
    await makeFolder(folder.path, { 'app/service-worker.js': worker, 'app/service-worker.js.br': 'compressed' });
    expect(await (await get('/service-worker.js')).text()).toBe(worker);
    await writeFile(join(folder.path, 'app', 'site.json'), await signSiteFile());
    expect(policyOf(await get('/'))).toContain(`connect-src 'self' ${SITE.as[0]};`);
    const changed = await get('/service-worker.js', { 'accept-encoding': 'br' });
    expect(brotliDecompressSync(await bodyOf(changed)).toString()).toMatch(/"hash":"[0-9a-f]{64}","files"/);
    await writeFile(join(folder.path, 'app', 'site.json'), '{');
    expect(policyOf(await get('/'))).toContain("connect-src 'self';");
  });

  it('serves demo and simulator in demo mode only', async () => {
    const files = await load();
    expect(files.answer('/demo.html', new Headers())).toBeUndefined();
    expect(files.answer('/demo-assets/demo-AbCd1234.js', new Headers())).toBeUndefined();
    expect((await load(true)).answer('/demo-assets/demo-AbCd1234.js', new Headers())?.status).toBe(200);
  });

  it('has assets that are cached for a year if their name has a hash, and revalidated otherwise', async () => {
    const asset = await get('/assets/main-AbCd1234.js');
    expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(asset.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect((await get('/favicon.svg')).headers.get('cache-control')).toBe('no-cache');
  });

  it('is sent compressed, either by the build or by the service', async () => {
    const built = await get('/assets/main-AbCd1234.js', { 'accept-encoding': 'gzip, deflate, br, zstd' });
    expect(built.headers.get('content-encoding')).toBe('br');
    expect((await bodyOf(built)).toString()).toBe('compressed by the build');
    const zipped = await get('/assets/main-AbCd1234.js', { 'accept-encoding': 'br;q=0, gzip' });
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect(gunzipSync(await bodyOf(zipped)).toString()).toBe(SCRIPT);
    const html = await get('/', { 'accept-encoding': 'br' });
    expect(brotliDecompressSync(await bodyOf(html)).toString()).toBe(HTML);
    expect((await get('/', { 'accept-encoding': 'identity' })).headers.get('content-encoding')).toBeNull();
    expect(html.headers.get('vary')).toBe('accept-encoding');
  });

  it('is not sent again when the request has its ETag', async () => {
    const etag = (await get('/')).headers.get('etag') ?? '';
    expect(etag).toMatch(/^W\/"[\w-]{22}"$/);
    for (const tag of [etag, etag.slice(2), `"x", ${etag}`]) {
      const response = await get('/', { 'if-none-match': tag });
      expect(response.status).toBe(304);
      expect(policyOf(response)).toContain("default-src 'none'");
      expect(await response.text()).toBe('');
    }
    expect((await get('/', { 'if-none-match': '"x"' })).status).toBe(200);
  });

  it.each([
    '/../app/index.html',
    '/app/index.html',
    '/assets',
    '//',
    '/index.html/',
    '/assets/main-AbCd1234.js.br',
    '/%2e%2e/x',
  ])('has no file at %s', async (path) => {
    expect((await load(true)).answer(path, new Headers())).toBeUndefined();
  });

  it('may be missing from the folder', async () => {
    expect((await loadStaticFiles(join(folder.path, 'nowhere'), true)).hasPage).toBe(false);
    expect((await load()).hasPage).toBe(true);
  });
});
