// All security headers of every response. No other test notices that a directive is missing.
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, it, onTestFinished } from 'vitest';
import { pageHeaders } from '#as-service/http/page-headers.ts';
import {
  contentSecurityPolicy,
  SECURITY_HEADERS,
  SERVICE_WORKER_POLICY,
  VAULT_WORKER_POLICY,
} from '#as-service/http/security-headers.ts';
import { loadStaticFiles } from '#as-service/http/static-files.ts';
import { signSiteFile } from '#test/support/site.ts';
import { makeFolder } from '#test/support/site-folder.ts';

it('the policy of a page permits what the page needs', () => {
  const policy = (script: string, style: string, img: string, connect: string) =>
    `default-src 'none'; script-src ${script}; style-src ${style}; img-src ${img}; manifest-src 'self'; connect-src ${connect}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types svelte-trusted-html keyferry-url`;
  expect(contentSecurityPolicy()).toBe(policy("'self'", "'self'", "'self'", "'self'"));
  expect(
    contentSecurityPolicy({
      scriptHashes: ['CC'],
      styleHashes: ['AA', 'BB'],
      dataImages: true,
      asOrigins: ['https://as.example'],
    }),
  ).toBe(policy("'self' 'sha256-CC'", "'self' 'sha256-AA' 'sha256-BB'", "'self' data:", "'self' https://as.example"));
});

it('the policies of the workers permit less', () => {
  expect(VAULT_WORKER_POLICY).toBe(
    "default-src 'none'; script-src 'wasm-unsafe-eval'; require-trusted-types-for 'script'; trusted-types 'none'",
  );
  expect(SERVICE_WORKER_POLICY).toBe(
    "default-src 'none'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'",
  );
});

it('every response has the headers of security', () => {
  const own = 'usb serial clipboard-write screen-wake-lock publickey-credentials-create publickey-credentials-get';
  const none =
    'accelerometer autoplay camera clipboard-read display-capture encrypted-media fullscreen gamepad geolocation gyroscope hid idle-detection local-fonts magnetometer microphone midi payment picture-in-picture storage-access sync-xhr window-management xr-spatial-tracking';
  const permissions = [
    ...own.split(' ').map((feature) => `${feature}=(self)`),
    ...none.split(' ').map((feature) => `${feature}=()`),
  ];
  expect(SECURITY_HEADERS).toEqual({
    'content-security-policy': contentSecurityPolicy(),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': permissions.join(', '),
  });
});

it('a file is sent as the build has compressed it', async () => {
  const folder = await mkdtemp(`${tmpdir()}/kf-`);
  onTestFinished(() => rm(folder, { recursive: true }));
  const script = 'app/assets/main-AbCd1234.js';
  const compressed = { [`${script}.br`]: 'by brotli', [`${script}.gz`]: 'by gzip' };
  await makeFolder(folder, { 'app/index.html': '<p>', [script]: 'plain', ...compressed });
  const files = await loadStaticFiles(folder, false);
  for (const [encoding, body] of [
    ['br', 'by brotli'],
    ['gzip', 'by gzip'],
    ['identity', 'plain'],
  ] as const) {
    const response = files.answer('/assets/main-AbCd1234.js', new Headers({ 'accept-encoding': encoding }));
    expect(await response?.text()).toBe(body);
    expect(response?.headers.get('content-encoding')).toBe(encoding === 'identity' ? null : encoding);
  }
});

it.each([
  ['assets/main-AbCd1234.js', true],
  ['demo-assets/main-AbCd_-34.woff2', true],
  ['other/assets/main-AbCd1234.js', false],
  ['assets/deep/main-AbCd1234.js', false],
  ['assets/main-AbCd123.js', false],
  ['assets/main-AbCd1234.js?', false],
  ['assets/-AbCd1234.js', false],
])('a browser may cache %s for ever: %s', (path, isImmutable) => {
  const expected = isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache';
  expect(pageHeaders({ path })['cache-control']).toBe(expected);
});

it.each([
  ['assets/vault.worker-AbCd1234.js', VAULT_WORKER_POLICY],
  ['demo-assets/vault.worker-AbCd1234.js', VAULT_WORKER_POLICY],
  ['service-worker.js', SERVICE_WORKER_POLICY],
  ['demo-service-worker.js', SERVICE_WORKER_POLICY],
  ...['assets/vault.worker-AbCd1234.js.map', 'x/assets/vault.worker-AbCd1234.js', 'assets/vaultXworker-A.js'].map(
    (path): [string, string] => [path, contentSecurityPolicy()],
  ),
  ...['service-worker.json', 'x-service-worker.js', 'service-workerXjs'].map((path): [string, string] => [
    path,
    contentSecurityPolicy(),
  ]),
])('the policy of %s is that of its kind', (path, policy) => {
  expect(pageHeaders({ path })['content-security-policy']).toBe(policy);
});

it('a page has its own policy, the hashes of its scripts and styles and the images in it', () => {
  const policyOf = (html: string, path = 'index.html', asUrls: readonly string[] = []) =>
    pageHeaders({ path, html }, asUrls)['content-security-policy'];
  const own = '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'">';
  expect(policyOf(own)).toBe("default-src 'none'; frame-ancestors 'none'");
  const hash = (text: string) => createHash('sha256').update(text).digest('base64');
  expect(policyOf('<style>a{}</style><style media="x">b{}</style>')).toBe(
    contentSecurityPolicy({ styleHashes: [hash('a{}'), hash('b{}')] }),
  );
  const scripts = '<script data-page="a">b()</script><script type="module" src="c.js"></script><script>d()</script>';
  expect(policyOf(scripts)).toBe(contentSecurityPolicy({ scriptHashes: [hash('b()'), hash('d()')] }));
  expect(policyOf('<img src="data:image/png">')).toBe(contentSecurityPolicy({ dataImages: true }));
  expect(policyOf('<style>a{}</style>', 'guide/de.html')).toBe(contentSecurityPolicy());
  const asOrigins = ['https://a.example', 'http://localhost:81'];
  expect(policyOf('<p>', 'index.html', ['https://a.example/keys', 'https://A.example', 'http://localhost:81'])).toBe(
    contentSecurityPolicy({ asOrigins }),
  );
  for (const url of ['ftp://a.example', 'https://*.example', 'xhttps://a', 'httpsx://a']) {
    expect(() => policyOf('<p>', 'index.html', [url])).toThrow(RangeError);
  }
});

it('a file has the media type of its name, and the encoding that the browser accepts', async () => {
  const folder = await mkdtemp(`${tmpdir()}/kf-`);
  onTestFinished(() => rm(folder, { recursive: true }));
  const types = {
    ...{ 'a.html': 'text/html; charset=utf-8', 'a.js': 'text/javascript; charset=utf-8' },
    ...{ 'a.css': 'text/css; charset=utf-8', 'a.json': 'application/json', 'a.svg': 'image/svg+xml' },
    ...{ 'a.webmanifest': 'application/manifest+json', 'a.png': 'image/png', 'a.ico': 'image/x-icon' },
    ...{ 'a.webp': 'image/webp', 'a.woff2': 'font/woff2', 'a.wasm': 'application/wasm' },
    ...{ 'a.txt': 'text/plain; charset=utf-8', 'a.map': 'application/json', 'a.other': 'application/octet-stream' },
  };
  await makeFolder(folder, Object.fromEntries(Object.keys(types).map((name) => [`app/${name}`, name])));
  const files = await loadStaticFiles(folder, false);
  expect(files.hasPage).toBe(false);
  const encodingOf = (name: string, accepted: string) =>
    files.answer(`/${name}`, new Headers({ 'accept-encoding': accepted }))?.headers.get('content-encoding');
  for (const [name, type] of Object.entries(types)) {
    expect(files.answer(`/${name}`, new Headers())?.headers.get('content-type')).toBe(type);
    expect([name, encodingOf(name, 'br')]).toEqual([name, /image\/(png|x|webp)|font|octet/.test(type) ? null : 'br']);
  }
  for (const accepted of ['br;q=0', 'br;q=0.', 'br;q=0.000', ' br ; q=0 ', 'brx', 'identity', '']) {
    expect([accepted, encodingOf('a.js', accepted)]).toEqual([accepted, null]);
  }
  for (const accepted of ['br;q=0.1', 'gzip, br;q=0.01', ' br ', 'br;q=1']) {
    expect([accepted, encodingOf('a.js', accepted)]).toEqual([accepted, 'br']);
  }
  expect(encodingOf('a.js', 'br;q=0, gzip')).toBe('gzip');
});

it('a browser that has the file receives no copy', async () => {
  const folder = await mkdtemp(`${tmpdir()}/kf-`);
  onTestFinished(() => rm(folder, { recursive: true }));
  await makeFolder(folder, { 'app/index.html': '<p>' });
  const files = await loadStaticFiles(folder, false);
  const etag = files.answer('/', new Headers())?.headers.get('etag') ?? '';
  expect(etag).toMatch(/^W\/"[\w-]{22}"$/);
  for (const given of [etag, etag.slice(2), `"x", ${etag}`]) {
    const response = files.answer('/index.html', new Headers({ 'if-none-match': given }));
    expect([response?.status, response?.headers.get('etag')]).toEqual([304, etag]);
    expect(response?.headers.get('x-content-type-options')).toBe('nosniff');
  }
  for (const given of ['"x"', etag.slice(3, -1), '*']) {
    expect(files.answer('/', new Headers({ 'if-none-match': given }))?.status).toBe(200);
  }
});

it('the answer for the site file names the demo, with and without such a file', async () => {
  const folder = await mkdtemp(`${tmpdir()}/kf-`);
  onTestFinished(() => rm(folder, { recursive: true }));
  await makeFolder(folder, { 'app/index.html': '<style>p{}</style>', 'demo/demo.html': '<p>' });
  const answerOf = async (demoMode: boolean) =>
    (await loadStaticFiles(folder, demoMode)).answer('/site.json', new Headers());
  const none = await answerOf(true);
  expect([none?.status, none?.headers.get('link')]).toEqual([204, '<demo.html>; rel="alternate"; title="Demo"']);
  expect((await answerOf(false))?.headers.get('link')).toBeNull();
  await makeFolder(folder, { 'app/site.json': '{}' });
  const site = await answerOf(true);
  expect([site?.status, site?.headers.get('content-type')]).toEqual([200, 'application/json']);
  expect(site?.headers.get('link')).toBe('<demo.html>; rel="alternate"; title="Demo"');
  expect(site?.headers.get('x-content-type-options')).toBe('nosniff');
});

it('a compressed copy is no file of its own, and a page has the hashes of its styles', async () => {
  const folder = await mkdtemp(`${tmpdir()}/kf-`);
  onTestFinished(() => rm(folder, { recursive: true }));
  await makeFolder(folder, { 'app/index.html': '<style>p{}</style>', 'app/index.html.br': 'br', 'app/only.gz': 'gz' });
  const files = await loadStaticFiles(folder, false);
  const found = ['/index.html.br', '/only.gz'].map((path) => files.answer(path, new Headers())?.status);
  expect(found).toEqual([undefined, 200]);
  const styleHashes = [createHash('sha256').update('p{}').digest('base64')];
  const page = files.answer('/', new Headers());
  expect(page?.headers.get('content-security-policy')).toBe(contentSecurityPolicy({ styleHashes }));
});

it('the addresses in the site file change the build', async () => {
  const folder = await mkdtemp(`${tmpdir()}/kf-`);
  onTestFinished(() => rm(folder, { recursive: true }));
  const [worker, script] = ['const KEYFERRY_BUILD = {"hash":"b1"};\nrest();\n', 'assets/main-AbCd1234.js'];
  await makeFolder(folder, { 'app/index.html': '<p>', 'app/service-worker.js': worker, [`app/${script}`]: '1' });
  const served = async () => (await loadStaticFiles(folder, false)).answer('/service-worker.js', new Headers())?.text();
  expect(await served()).toBe(worker);
  await makeFolder(folder, { 'app/site.json': await signSiteFile() });
  expect(await served()).toMatch(/^const KEYFERRY_BUILD = \{"hash":"[\da-f]{64}"\};\nrest\(\);\n$/);
  const headers = (await loadStaticFiles(folder, false)).answer(`/${script}`, new Headers())?.headers;
  expect(headers?.get('cache-control')).toBe('public, max-age=31536000, immutable');
});
