// Checks that every route has: access codes, rate limits, host names and origins, bodies and
// headers. Also checks that no response contains a key.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RateLimit } from '#as-service/http/rate-limit.ts';
import { createAccessCode, hashAccessCode } from '#as-service/operators/access-codes.ts';
import { issueAccessCode, revokeAccessCodes } from '#as-service/operators/operators.ts';
import { secretsOf } from '#as-service/storage/state.ts';
import { wipe } from '#protocol/bytes/bytes.ts';
import type { ExportAnswerJson, ProblemJson, WhoamiJson } from '#protocol/service/messages.ts';
import { deriveDeviceKey } from '#protocol/tkl/key-tree.ts';
import {
  createTestApp,
  exportRequest,
  fillTestAs,
  receiptFor,
  refusalOf,
  ServiceSetup,
  spellings,
  TEST_SN,
  TEST_T,
} from '#test/support/as-service.ts';

let service: ServiceSetup;
let token: string;
let now: Date;

beforeEach(async () => {
  now = new Date();
  service = await ServiceSetup.open({ now: () => now });
  token = await service.addOperator('olga');
});
afterEach(() => service.close());

const codeOf = async (response: Response) => (await refusalOf(response))[0];
const statusOf = async (who: string | undefined, path: string, body?: unknown) =>
  (await service.call(who, path, body)).status;
const sendExport = (who = token, request: object = exportRequest()) => service.call(who, '/v1/exports', request);

describe('an access code', () => {
  it('has 150 random bits in groups that an operator can type', () => {
    const codes = Array.from({ length: 200 }, createAccessCode);
    for (const each of codes) expect(each).toMatch(/^KF(-[0-9A-HJKMNP-TV-Z]{5}){6}$/);
    expect(new Set(codes).size).toBe(200);
    expect(new Set(codes.join('')).size).toBeGreaterThanOrEqual(32);
  });

  it('is accepted in lower case, with blanks, and with O for 0, I and L for 1', () => {
    const typed = 'KF-0O1IL-ABCDE-00000-11111-ZZZZZ-99999';
    expect(hashAccessCode(typed.toLowerCase())).toEqual(hashAccessCode('KF 00111 ABCDE 00000 11111 ZZZZZ 99999'));
    expect(hashAccessCode('KF-0O1IL')).toBeUndefined();
    expect(hashAccessCode(`${typed}U`)).toBeUndefined();
    expect(hashAccessCode('KF-UUUUU-ABCDE-00000-11111-ZZZZZ-99999')).toBeUndefined();
  });

  it('signs an operator in, with name and expiry, and is stored as a hash only', async () => {
    const whoami = await service.json<WhoamiJson>(token, '/v1/whoami');
    expect(whoami).toMatchObject({ operator: 'olga', role: 'operator', service: { asNumber: 0, demo: false } });
    expect(Date.parse(whoami.expires) - now.getTime()).toBe(8 * 3_600_000);
    expect(JSON.stringify(service.as.state)).not.toContain(token.slice(3, 20));
  });

  it.each([
    ['missing', undefined],
    ['unknown', createAccessCode()],
    ['malformed', 'x'],
  ])('that is %s is refused', async (_name, wrong) => {
    const response = await service.call(wrong, '/v1/whoami');
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await codeOf(response)).toBe('signed-out');
  });

  it('is refused after its expiry and after its revocation, and is valid for at most 8 hours', async () => {
    now = new Date(now.getTime() + 8 * 3_600_000);
    expect(await statusOf(token, '/v1/whoami')).toBe(401);
    const { code: fresh } = await issueAccessCode(service.as, 'test', 'olga', { hours: 1, replace: false });
    expect(await statusOf(fresh, '/v1/whoami')).toBe(200);
    await revokeAccessCodes(service.as, 'test', 'olga');
    expect(await statusOf(fresh, '/v1/whoami')).toBe(401);
    await expect(issueAccessCode(service.as, 'test', 'olga', { hours: 9, replace: false })).rejects.toThrow(
      'at most 8 hours',
    );
  });

  it('that is wrong counts against the limit of the address, but a correct access code is still accepted', async () => {
    const answers = [];
    for (let i = 0; i < 12; i++) answers.push(await statusOf(createAccessCode(), '/v1/whoami'));
    expect(answers).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
    const limited = await service.call(createAccessCode(), '/v1/whoami');
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await statusOf(token, '/v1/whoami')).toBe(200);
  });
});

describe('a rate limit', () => {
  it('counts the exports of each operator separately, and a batch by its items', async () => {
    service.app = createTestApp(service.as, { exportRate: { burst: 6, perMinute: 6 } });
    const other = await service.addOperator('otto');
    const batch = { exports: Array.from({ length: 4 }, () => exportRequest()) };
    expect(await statusOf(token, '/v1/exports:batch', batch)).toBe(200);
    // The refused batch counts as one, because the service has read it.
    expect(await statusOf(token, '/v1/exports:batch', batch)).toBe(429);
    expect((await sendExport()).status).toBe(200);
    const limited = await sendExport();
    expect(await codeOf(limited)).toBe('too-many-requests');
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await sendExport(other)).status).toBe(200);
  });

  it('does not lock operators out when the wall clock is set back', async () => {
    service.app = createTestApp(service.as, { exportRate: { burst: 1, perMinute: 60 } });
    expect((await sendExport()).status).toBe(200);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 });
    try {
      const limited = await sendExport();
      expect(Number(limited.headers.get('retry-after') ?? 1)).toBeLessThanOrEqual(1);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is refilled evenly, up to its burst', () => {
    let time = 0;
    const limit = new RateLimit({ burst: 3, perMinute: 60 }, () => time);
    expect([limit.take('a'), limit.take('a'), limit.take('a'), limit.take('a'), limit.take('b')]).toEqual([
      undefined,
      undefined,
      undefined,
      1,
      undefined,
    ]);
    time = 1000;
    expect([limit.take('a'), limit.take('a')]).toEqual([undefined, 1]);
    time = 3_600_000;
    expect([limit.take('a', 4), limit.take('a', 3), limit.take('a')]).toEqual([1, undefined, 1]);
  });

  it('uses bounded memory for any number of names', () => {
    const limit = new RateLimit({ burst: 1, perMinute: 1 }, () => 0);
    for (let i = 0; i < 25_000; i++) expect(limit.take(`address ${i}`)).toBeUndefined();
    expect(limit.size).toBeLessThanOrEqual(10_000);
  });
});

describe('the host name of a request', () => {
  const ask = (url: string, headers = {}) =>
    service.app.request(url, { headers: { authorization: `Bearer ${token}`, ...headers } });

  it.each(['http://evil.example/v1/whoami', 'http://localhost:81/v1/trust', 'http://evil.example/'])(
    'is refused when it is not that of the service: %s',
    async (url) => {
      const response = await ask(url);
      expect(response.status).toBe(421);
      expect(await codeOf(response)).toBe('request-refused');
    },
  );

  it('is refused with another origin, and accepted with the origin of the service', async () => {
    for (const origin of ['http://evil.example', 'null', 'http://localhost:81', 'https://localhost']) {
      expect((await ask('http://localhost/v1/whoami', { origin })).status).toBe(403);
    }
    expect((await ask('http://localhost/v1/whoami', { origin: 'http://localhost' })).status).toBe(200);
  });

  it('never leads to a CORS header, if no other origin is listed', async () => {
    const response = await ask('http://localhost/v1/trust', { origin: 'http://localhost' });
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('a body', () => {
  const send = (body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
    service.app.request('/v1/exports', {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, ...headers },
      body,
    });

  it.each<[string, object, RegExp]>([
    ['an unknown member', { extra: 1 }, /extra/],
    ['a set that is text', { set: '1' }, /set/],
    ['a set number above 32 bits', { set: 2 ** 32 }, /set/],
    ['a fraction', { ref1: 1.5 }, /ref1/],
    ['a negative number', { ref2: -1 }, /ref2/],
    ['a reserved suite', { suite: 3 }, /suite/],
    ['a random number that is too short', { random: 'AAAA' }, /random/],
    ['a random number with padding', { random: `${'A'.repeat(22)}==` }, /random/],
    ['a random number with unused bits set', { random: `${'A'.repeat(21)}B` }, /random/],
    ['a serial number in lower case', { sn: `${'0'.repeat(31)}a` }, /sn/],
    ['a work order with a line break', { workOrder: 'a\nb' }, /workOrder/],
    ['a work order that is null', { workOrder: null }, /workOrder/],
    ['no idempotency key', { idempotencyKey: undefined }, /idempotencyKey/],
    ['a flag that is a number', { sign: 1 }, /sign/],
  ])('with %s is refused, and the problem names the member', async (_name, change, detail) => {
    const response = await send(JSON.stringify({ ...exportRequest(), ...change }));
    expect(response.status).toBe(400);
    const problem = (await response.json()) as ProblemJson;
    expect(problem.detail).toMatch(detail);
    expect(service.as.ledger.countOfOperator('olga')).toBe(0);
  });

  it.each(['', '{', '[]', 'null', '1', '"x"', '{"__proto__":{}}'])('that is %s is refused', async (text) => {
    expect((await send(text)).status).toBe(400);
  });

  it('with another media type or too long is refused', async () => {
    const good = JSON.stringify(exportRequest());
    expect((await send(good, { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await send(good, { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415);
    expect((await send(`${' '.repeat(200_000)}${good}`)).status).toBe(413);
    const declared = { 'content-type': 'application/json', 'content-length': '200000' };
    expect((await send(good, declared)).status).toBe(413);
    const batch = { exports: Array.from({ length: 101 }, () => exportRequest()) };
    expect(await statusOf(token, '/v1/exports:batch', batch)).toBe(400);
    expect(await statusOf(token, '/v1/exports:batch', { exports: [] })).toBe(400);
  });
});

describe('a query', () => {
  it.each(['/v1/audit?limit=0', '/v1/audit?limit=201', '/v1/audit?before=1', '/v1/audit?before=x', '/v1/audit?x=1'])(
    'that is wrong is refused: %s',
    async (path) => {
      const auditor = await service.addOperator('anna', 'auditor');
      expect(await statusOf(auditor, path)).toBe(400);
    },
  );
});

describe('every response', () => {
  const paths: [string, RequestInit?][] = [
    ['/v1/trust'],
    ['/v1/whoami'],
    ['/v1/nothing'],
    ['/nothing'],
    ['/openapi.json'],
    ['/v1/exports'],
    ['/v1/exports', { method: 'POST', body: '{' }],
    ['/v1/trust', { method: 'DELETE' }],
    ['/', { method: 'OPTIONS' }],
    ['http://evil.example/'],
  ];

  it.each(paths)('has all security headers: %s %o', async (path, init) => {
    const { headers } = await service.app.request(path, init);
    const policy = headers.get('content-security-policy') ?? '';
    for (const directive of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      'trusted-types svelte-trusted-html keyferry-url',
    ]) {
      expect(policy.split('; ')).toContain(directive);
    }
    expect(policy).not.toContain('unsafe');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(headers.get('permissions-policy')).toContain('usb=(self), serial=(self)');
    expect(headers.get('permissions-policy')).toContain('camera=()');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('after a fault of the service contains no details of the fault', async () => {
    const reported: unknown[] = [];
    service.app = createTestApp(service.as, { report: (cause) => reported.push(cause) });
    service.as.exporter.export = () => Promise.reject(new TypeError('secret detail'));
    const response = await sendExport();
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret detail');
    expect(String(reported[0])).toContain('secret detail');
  });

  it('that takes too long is a problem document, and the export is still completed', async () => {
    const request = exportRequest();
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { export: exportNow } = service.as.exporter;
    service.as.exporter.export = async (...given) => {
      await released;
      return exportNow.apply(service.as.exporter, given);
    };
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const pending = sendExport(token, request);
      while (vi.getTimerCount() === 0) await new Promise((resolve) => setImmediate(resolve));
      vi.advanceTimersByTime(20_000);
      const response = await pending;
      expect(response.status).toBe(503);
      expect(((await response.json()) as ProblemJson).detail).toContain('nothing is done twice');
    } finally {
      vi.useRealTimers();
    }
    release();
    expect((await sendExport(token, request)).status).toBe(200);
    expect(service.as.ledger.countOfOperator('olga')).toBe(1);
  });

  it('to an unknown path or method has the status 404 or 405', async () => {
    expect(await statusOf(token, '/v1/nothing')).toBe(404);
    const wrong = await service.app.request('/v1/exports', { method: 'PUT', body: '{}' });
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get('allow')).toBe('POST');
  });
});

describe('no response contains', () => {
  it('T, K_D, TA or a signing key of any set, for any role, in any encoding', async () => {
    await fillTestAs(service.as, { set: 0x77, profile: 'shared', transportKey: TEST_T });
    const request = exportRequest();
    const exported = await service.json<ExportAnswerJson>(token, '/v1/exports', request);
    const bodies: Record<string, unknown> = {
      '/v1/exports': request,
      '/v1/exports:batch': { exports: [exportRequest({ suite: 2 }), exportRequest({ sign: true })] },
      '/v1/receipts': { exportId: exported.exportId, receipt: receiptFor(exported.data, request.random) },
    };
    const answers: Buffer[] = [];
    for (const role of ['operator', 'custodian', 'auditor', 'administrator'] as const) {
      const who = await service.addOperator(`${role}-2`, role);
      for (const { path } of service.app.routes.filter((each) => each.path !== '*' && each.path !== '/*')) {
        for (const body of [undefined, bodies[path] ?? {}]) {
          answers.push(Buffer.from(await (await service.call(who, path, body)).arrayBuffer()));
        }
      }
    }
    // The responses contain the public data, which shows that the search reads real responses.
    const all = Buffer.concat(answers);
    for (const word of ['exportId', 'verdict', 'kcv', 'previous', 'certificates', 'openapi'])
      expect(all.includes(word)).toBe(true);
    const unit = { set: 0xba7c, tkv: 1, sn: Buffer.from(TEST_SN, 'hex') };
    const secrets = [...secretsOf(service.as.state), deriveDeviceKey('cmac', TEST_T, unit)];
    expect(secrets.length).toBeGreaterThanOrEqual(11);
    for (const secret of secrets) {
      for (const spelling of spellings(secret)) expect(all.includes(spelling)).toBe(false);
    }
    wipe(...secrets.slice(-1));
  });
});
