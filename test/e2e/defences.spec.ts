// The security headers of the service, which every response must have and the browser must enforce.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from './support/test.ts';

const POLICY = [
  "default-src 'none'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types svelte-trusted-html keyferry-url',
];

test('every response has the security headers, including errors', async ({ request, service }) => {
  const assets = readdirSync('dist/app/assets')
    .filter((name) => !name.startsWith('vault.worker-'))
    .map((name) => `/assets/${name}`);
  const paths = [
    '/',
    '/index.html',
    '/favicon.svg',
    '/openapi.json',
    '/v1/trust',
    '/v1/keys',
    '/v1/exports',
    '/nothing',
    ...assets,
  ];
  for (const path of paths) {
    const headers = (await request.get(service.url + path)).headers();
    const directives = (headers['content-security-policy'] ?? '').split('; ');
    expect(directives, path).toEqual(expect.arrayContaining(POLICY));
    // The page in several languages has an inline script, which chooses the language.
    expect(
      directives.find((directive) => directive.startsWith('script-src')),
      path,
    ).toMatch(/^script-src 'self'( 'sha256-[\w+/]{43}=')?$/);
    expect(headers['x-content-type-options'], path).toBe('nosniff');
    expect(headers['referrer-policy'], path).toBe('no-referrer');
    expect(headers['cross-origin-opener-policy'], path).toBe('same-origin');
    expect(headers['permissions-policy'], path).toContain('usb=(self), serial=(self)');
  }
});

test('the vault worker has its own policy, which permits no network access', async ({ request, service }) => {
  const name = readdirSync('dist/app/assets').find((file) => /^vault\.worker-.*\.js$/.test(file));
  const headers = (await request.get(`${service.url}/assets/${name}`)).headers();
  expect(headers['content-security-policy']).toBe(
    "default-src 'none'; script-src 'wasm-unsafe-eval'; require-trusted-types-for 'script'; trusted-types 'none'",
  );
});

test('Trusted Types block markup from strings and new policies in the page', async ({ browser, service }) => {
  const page = await browser.newPage();
  await page.goto(service.url);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  const refused = await page.evaluate(() => {
    const outcome = (act: () => void): string => {
      try {
        act();
        return 'done';
      } catch (error) {
        return error instanceof Error ? error.name : 'thrown';
      }
    };
    const { trustedTypes } = window as unknown as { trustedTypes: { createPolicy(name: string, rules: object): void } };
    return {
      markup: outcome(() => {
        document.createElement('div').innerHTML = '<b>x</b>';
      }),
      policy: outcome(() => trustedTypes.createPolicy('another', {})),
    };
  });
  expect(refused).toEqual({ markup: 'TypeError', policy: 'TypeError' });
  await page.close();
});

test('an injected script or style has no effect and is reported', async ({ browser, service }) => {
  const page = await browser.newPage();
  const reports: string[] = [];
  await page.exposeFunction('report', (what: string) => void reports.push(what));
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      (window as unknown as { report: (what: string) => void }).report(event.effectiveDirective);
    });
  });
  // Simulates an attacker who changes the HTML in transit. The content security policy of the
  // response is unchanged.
  await page.route(`${service.url}/`, async (route) => {
    const response = await route.fetch();
    const put = '<script>document.title = "put in"</script><style>body { outline: 7px solid red }</style>';
    await route.fulfill({ response, body: (await response.text()).replace('</body>', `${put}</body>`) });
  });
  await page.goto(service.url);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect.poll(() => [...reports].sort()).toEqual(['script-src-elem', 'style-src-elem']);
  const seen = await page.evaluate(() => [document.title, getComputedStyle(document.body).outlineWidth]);
  expect(seen).toEqual([expect.not.stringContaining('put in'), expect.not.stringContaining('7px')]);
  // The injected markup has reached the page, so only the policy can have stopped it.
  expect(await page.content()).toContain('put in');
  await page.unrouteAll({ behavior: 'ignoreErrors' }); // a request of the page may be pending
  await page.close();
});

test('the service refuses requests from another origin and to another host name', async ({ request, service }) => {
  const { port } = new URL(service.url);
  const foreign = await request.get(`${service.url}/v1/trust`, { headers: { origin: 'https://evil.example' } });
  expect(foreign.status()).toBe(403);
  const rebound = await request.get(`http://127.0.0.1:${port}/v1/trust`, { headers: { host: `evil.example:${port}` } });
  expect(rebound.status()).toBe(421);
});

test('the demo build contains the simulator, and the product build contains no part of it', () => {
  const traces = [
    'keyferrySimulator',
    'Keyferry EI (simulated)',
    'KEYFERRY-PUBLIC-DEMO-T-NO-SECRET',
    'KEYFERRY-PUBLIC-DEMO-D-NO-SECRET',
    'late answer',
    'driver missing',
    'no unit has SN ',
  ];
  // The guides are documents. One of them publishes the keys of the demo.
  const text = (folder: string): string =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/\.(br|gz)$/.test(entry.name) && !entry.parentPath.includes('guide'))
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
      .join('\n');
  const [product, demo] = [text('dist/app'), text('dist/demo')];
  for (const trace of traces) {
    expect(demo.includes(trace), `the demo holds "${trace}"`).toBe(true);
    expect(product.includes(trace), `the product holds "${trace}"`).toBe(false);
  }
});
