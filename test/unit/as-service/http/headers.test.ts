// The security headers of every response, in full: a directive that is missing is not seen elsewhere.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, it, onTestFinished } from 'vitest';
import {
  contentSecurityPolicy,
  SECURITY_HEADERS,
  SERVICE_WORKER_POLICY,
  VAULT_WORKER_POLICY,
} from '#as-service/http/security-headers.ts';
import { loadStaticFiles } from '#as-service/http/static-files.ts';
import { makeFolder } from '#test/support/site-folder.ts';

it('the policy of a page permits what the page needs', () => {
  const policy = (style: string, img: string, connect: string) =>
    `default-src 'none'; script-src 'self'; style-src ${style}; img-src ${img}; manifest-src 'self'; connect-src ${connect}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types svelte-trusted-html keyferry-url`;
  expect(contentSecurityPolicy()).toBe(policy("'self'", "'self'", "'self'"));
  expect(
    contentSecurityPolicy({ styleHashes: ['AA', 'BB'], dataImages: true, asOrigins: ['https://as.example'] }),
  ).toBe(policy("'self' 'sha256-AA' 'sha256-BB'", "'self' data:", "'self' https://as.example"));
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
