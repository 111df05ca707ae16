// Pages of listed origins may call the API (CORS). Pages of other origins may not, and get no CORS
// header.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestApp, exportRequest, refusalOf, ServiceSetup } from '#test/support/as-service.ts';

const PAGE = 'https://intranet.example';
const OTHERS = ['https://evil.example', 'https://intranet.example.evil.example', 'http://intranet.example', 'null'];

let service: ServiceSetup;
let token: string;

beforeEach(async () => {
  service = await ServiceSetup.open();
  service.app = createTestApp(service.as, {
    pageOrigins: [PAGE, 'https://second.example'],
    exportRate: { burst: 1, perMinute: 1 },
    report: () => undefined,
  });
  token = await service.addOperator('olga');
});
afterEach(() => service.close());

const corsHeaders = ({ headers }: Response): Record<string, string> =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'));

const ask = (origin: string, path = '/v1/whoami', init: RequestInit = {}): Promise<Response> =>
  Promise.resolve(
    service.app.request(path, {
      ...init,
      headers: { origin, authorization: `Bearer ${token}`, ...(init.headers as Record<string, string>) },
    }),
  );

const PREFLIGHT = {
  method: 'OPTIONS',
  headers: {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type',
  },
};

const sendExport = (origin: string) =>
  ask(origin, '/v1/exports', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(exportRequest()),
  });

/** The headers that let a page read an answer, and nothing more. */
const READABLE = {
  'access-control-allow-origin': PAGE,
  'access-control-expose-headers': 'Date, Retry-After',
  vary: 'Origin',
};

describe('a page of a listed origin', () => {
  it('reads every answer, also one that refuses the request', async () => {
    const exported = await sendExport(PAGE);
    const limited = await sendExport(PAGE);
    service.as.exporter.export = () => Promise.reject(new TypeError('fault'));
    service.app = createTestApp(service.as, { pageOrigins: [PAGE], report: () => undefined });
    const answers: readonly (readonly [number, Response])[] = [
      [200, await ask(PAGE)],
      [200, exported],
      [429, limited],
      [401, await ask(PAGE, '/v1/whoami', { headers: { authorization: 'Bearer x' } })],
      [403, await ask(PAGE, '/v1/audit')],
      [404, await ask(PAGE, '/v1/nothing')],
      [405, await ask(PAGE, '/v1/exports', { method: 'PUT', body: '{}' })],
      [415, await ask(PAGE, '/v1/exports', { method: 'POST', body: '{' })],
      [500, await sendExport(PAGE)],
    ];
    for (const [status, answer] of answers) {
      expect(answer.status).toBe(status);
      expect(corsHeaders(answer)).toEqual(READABLE);
    }
    expect(limited.headers.get('retry-after')).toMatch(/^\d+$/);
  });

  it('reads why the service does not answer to its name', async () => {
    const answer = await service.app.request('http://other.example/v1/trust', { headers: { origin: PAGE } });
    expect([answer.status, corsHeaders(answer)]).toEqual([421, READABLE]);
    expect((await refusalOf(answer))[1]).toContain('KEYFERRY_ORIGINS');
  });

  it('gets the preflight answer for two hours, without credentials, and with all security headers', async () => {
    const answer = await ask(PAGE, '/v1/exports', PREFLIGHT);
    expect([answer.status, await answer.text()]).toEqual([204, '']);
    expect(corsHeaders(answer)).toEqual({
      'access-control-allow-origin': PAGE,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'authorization, content-type, keyferry-log-size',
      'access-control-max-age': '7200',
      vary: 'Origin',
    });
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('may call the API only, not read the page or another document', async () => {
    for (const path of ['/', '/openapi.json', '/verify.html']) {
      const answer = await ask(PAGE, path);
      expect([path, answer.status, corsHeaders(answer)]).toEqual([path, 403, {}]);
      expect(corsHeaders(await ask(PAGE, path, PREFLIGHT))).toEqual({});
    }
  });
});

describe('a page of an origin that is not listed', () => {
  it.each(OTHERS)('is refused and gets no CORS header: %s', async (origin) => {
    for (const answer of [await ask(origin), await ask(origin, '/v1/exports', PREFLIGHT)]) {
      expect([answer.status, corsHeaders(answer)]).toEqual([403, {}]);
    }
    expect((await refusalOf(ask(origin)))[1]).toContain('KEYFERRY_ALLOW_ORIGINS');
  });
});

it('a listed origin is not a name of the service', async () => {
  expect((await service.app.request(`${PAGE}/v1/trust`)).status).toBe(421);
});

it('the page of the service itself gets no CORS header', async () => {
  const answer = await ask('http://localhost');
  expect([answer.status, corsHeaders(answer)]).toEqual([200, {}]);
});
