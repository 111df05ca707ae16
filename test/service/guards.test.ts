// What stands around every route: tokens and roles, rates, names and origins, bodies, headers; and that no answer ever holds a key.
import type { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ROUTES } from '#as-service/api/routes/table.ts';
import { RateLimit } from '#as-service/http/rate-limit.ts';
import { createToken, hashToken } from '#as-service/operators/access-codes.ts';
import { issueToken, revokeTokens } from '#as-service/operators/operators.ts';
import type { As } from '#as-service/service/as.ts';
import { secretsOf } from '#as-service/storage/state.ts';
import { wipe } from '#protocol/bytes/bytes.ts';
import type { ExportAnswerJson, ProblemJson, Role, WhoamiJson } from '#protocol/service/messages.ts';
import { deriveDeviceKey } from '#protocol/tkl/key-tree.ts';
import {
  addTestOperator,
  call,
  callJson,
  createTestApp,
  exportRequest,
  fillTestAs,
  openTestAs,
  receiptFor,
  spellings,
  TEST_SN,
  TEST_T,
  temporaryFolder,
} from '#test/support/as-service.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let as: As;
let app: Hono;
let token: string;
let now: Date;

beforeEach(async () => {
  folder = await temporaryFolder();
  now = new Date();
  as = await openTestAs(folder.path, { now: () => now });
  await fillTestAs(as);
  token = await addTestOperator(as, 'olga');
  app = createTestApp(as);
});
afterEach(async () => {
  await as.close();
  await folder.remove();
});

const codeOf = async (response: Response) => ((await response.json()) as ProblemJson).type.split(':').at(-1);

describe('a token', () => {
  it('has 150 random bits in groups that a person can type', () => {
    const tokens = Array.from({ length: 200 }, createToken);
    for (const each of tokens) expect(each).toMatch(/^KF(-[0-9A-HJKMNP-TV-Z]{5}){6}$/);
    expect(new Set(tokens).size).toBe(200);
    expect(new Set(tokens.join('')).size).toBeGreaterThanOrEqual(32);
  });

  it('is taken as it was meant: lower case, blanks, O for 0, I and L for 1', () => {
    const typed = 'KF-0O1IL-ABCDE-00000-11111-ZZZZZ-99999';
    expect(hashToken(typed.toLowerCase())).toEqual(hashToken('KF 00111 ABCDE 00000 11111 ZZZZZ 99999'));
    expect(hashToken('KF-0O1IL')).toBeUndefined();
    expect(hashToken(`${typed}U`)).toBeUndefined();
    expect(hashToken('KF-UUUUU-ABCDE-00000-11111-ZZZZZ-99999')).toBeUndefined();
  });

  it('signs in, says who and until when, and is kept as a hash only', async () => {
    const whoami = await callJson<WhoamiJson>(app, token, '/v1/whoami');
    expect(whoami).toMatchObject({ operator: 'olga', role: 'operator', service: { asNumber: 0, demo: false } });
    expect(Date.parse(whoami.expires) - now.getTime()).toBe(8 * 3_600_000);
    expect(JSON.stringify(as.state)).not.toContain(token.slice(3, 20));
  });

  it.each([
    ['none', undefined],
    ['one of nobody', createToken()],
    ['garbage', 'x'],
  ])('that is %s is refused', async (_name, wrong) => {
    const response = await call(app, wrong, '/v1/whoami');
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await codeOf(response)).toBe('signed-out');
  });

  it('is refused after its time, after it was revoked, and never lasts more than 8 hours', async () => {
    now = new Date(now.getTime() + 8 * 3_600_000);
    expect((await call(app, token, '/v1/whoami')).status).toBe(401);
    const { token: fresh } = await issueToken(as, 'test', 'olga', { hours: 1, replace: false });
    expect((await call(app, fresh, '/v1/whoami')).status).toBe(200);
    await revokeTokens(as, 'test', 'olga');
    expect((await call(app, fresh, '/v1/whoami')).status).toBe(401);
    await expect(issueToken(as, 'test', 'olga', { hours: 9, replace: false })).rejects.toThrow('at most 8 hours');
  });

  it('that is wrong too often is held up, while a true one from the same address is not', async () => {
    const answers = [];
    for (let i = 0; i < 12; i++) answers.push((await call(app, createToken(), '/v1/whoami')).status);
    expect(answers).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
    const held = await call(app, createToken(), '/v1/whoami');
    expect(Number(held.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await call(app, token, '/v1/whoami')).status).toBe(200);
  });
});

describe('a role', () => {
  it('opens exactly the routes that name it', async () => {
    const roles: Role[] = ['operator', 'custodian', 'auditor', 'administrator'];
    for (const role of roles) {
      const who = await addTestOperator(as, role, role);
      for (const { path, method, roles: allowed } of ROUTES) {
        const response = await call(app, who, path, method === 'post' ? {} : undefined);
        const isOpen = allowed === 'anyone' || allowed.includes(role);
        expect([path, role, response.status === 403]).toEqual([path, role, !isOpen]);
      }
    }
  });

  it('is needed by every route but the one that tells whom to trust', () => {
    expect(ROUTES.filter(({ roles }) => roles === 'anyone').map(({ path }) => path)).toEqual(['/v1/trust']);
  });
});

describe('a rate', () => {
  it('holds up an operator who exports too fast, a batch by its items, and nobody else', async () => {
    app = createTestApp(as, { exportRate: { burst: 5, perMinute: 5 } });
    const other = await addTestOperator(as, 'otto');
    const batch = { exports: Array.from({ length: 4 }, () => exportRequest()) };
    expect((await call(app, token, '/v1/exports:batch', batch)).status).toBe(200);
    expect((await call(app, token, '/v1/exports:batch', batch)).status).toBe(429);
    expect((await call(app, token, '/v1/exports', exportRequest())).status).toBe(200);
    const held = await call(app, token, '/v1/exports', exportRequest());
    expect(await codeOf(held)).toBe('too-many-requests');
    expect(Number(held.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await call(app, other, '/v1/exports', exportRequest())).status).toBe(200);
  });

  it('locks nobody out when the clock of the machine is put back', async () => {
    app = createTestApp(as, { exportRate: { burst: 1, perMinute: 60 } });
    expect((await call(app, token, '/v1/exports', exportRequest())).status).toBe(200);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 });
    try {
      const held = await call(app, token, '/v1/exports', exportRequest());
      expect(Number(held.headers.get('retry-after') ?? 1)).toBeLessThanOrEqual(1);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is refilled evenly, and never beyond its burst', () => {
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

  it('keeps its memory within bounds, whoever floods it with names', () => {
    const limit = new RateLimit({ burst: 1, perMinute: 1 }, () => 0);
    for (let i = 0; i < 25_000; i++) expect(limit.take(`address ${i}`)).toBeUndefined();
    expect(limit.size).toBeLessThanOrEqual(10_000);
  });
});

describe('the name that a request uses', () => {
  const ask = (url: string, headers = {}) =>
    app.request(url, { headers: { authorization: `Bearer ${token}`, ...headers } });

  it.each(['http://evil.example/v1/whoami', 'http://localhost:81/v1/trust', 'http://evil.example/'])(
    'is refused when it is not the service own: %s',
    async (url) => {
      const response = await ask(url);
      expect(response.status).toBe(421);
      expect(await codeOf(response)).toBe('request-refused');
    },
  );

  it('is refused for a page of another origin, and taken for its own', async () => {
    for (const origin of ['http://evil.example', 'null', 'http://localhost:81', 'https://localhost']) {
      expect((await ask('http://localhost/v1/whoami', { origin })).status).toBe(403);
    }
    expect((await ask('http://localhost/v1/whoami', { origin: 'http://localhost' })).status).toBe(200);
  });

  it('never earns a word that lets another origin read the answer', async () => {
    const response = await ask('http://localhost/v1/trust', { origin: 'http://localhost' });
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('a body', () => {
  const send = (body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
    app.request('/v1/exports', { method: 'POST', headers: { authorization: `Bearer ${token}`, ...headers }, body });

  it.each<[string, object, RegExp]>([
    ['a member that is not named', { extra: 1 }, /extra/],
    ['a set that is text', { set: '1' }, /set/],
    ['a set beyond 32 bits', { set: 2 ** 32 }, /set/],
    ['a fraction', { ref1: 1.5 }, /ref1/],
    ['a negative number', { ref2: -1 }, /ref2/],
    ['a reserved suite', { suite: 3 }, /suite/],
    ['a random that is too short', { random: 'AAAA' }, /random/],
    ['a random with a padding', { random: `${'A'.repeat(22)}==` }, /random/],
    ['a random whose unused bits are set', { random: `${'A'.repeat(21)}B` }, /random/],
    ['a serial number in lower case', { sn: `${'0'.repeat(31)}a` }, /sn/],
    ['a work order with a line break', { workOrder: 'a\nb' }, /workOrder/],
    ['a work order that is null', { workOrder: null }, /workOrder/],
    ['no idempotency key', { idempotencyKey: undefined }, /idempotencyKey/],
    ['a sign that is a number', { sign: 1 }, /sign/],
  ])('is refused with %s, and the answer names it', async (_name, change, detail) => {
    const response = await send(JSON.stringify({ ...exportRequest(), ...change }));
    expect(response.status).toBe(400);
    const problem = (await response.json()) as ProblemJson;
    expect(problem.detail).toMatch(detail);
    expect(as.ledger.countOfOperator('olga')).toBe(0);
  });

  it.each(['', '{', '[]', 'null', '1', '"x"', '{"__proto__":{}}'])('is refused when it is %s', async (text) => {
    expect((await send(text)).status).toBe(400);
  });

  it('is refused when it is not announced as JSON, or too large', async () => {
    const good = JSON.stringify(exportRequest());
    expect((await send(good, { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await send(good, { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415);
    expect((await send(`${' '.repeat(200_000)}${good}`)).status).toBe(413);
    const announced = { 'content-type': 'application/json', 'content-length': '200000' };
    expect((await send(good, announced)).status).toBe(413);
    const batch = { exports: Array.from({ length: 101 }, () => exportRequest()) };
    expect((await call(app, token, '/v1/exports:batch', batch)).status).toBe(400);
    expect((await call(app, token, '/v1/exports:batch', { exports: [] })).status).toBe(400);
  });

  it.each(['/v1/audit?limit=0', '/v1/audit?limit=201', '/v1/audit?before=1', '/v1/audit?before=x', '/v1/audit?x=1'])(
    'or a query is refused when it is wrong: %s',
    async (path) => {
      const auditor = await addTestOperator(as, 'anna', 'auditor');
      expect((await call(app, auditor, path)).status).toBe(400);
    },
  );
});

describe('every answer', () => {
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

  it.each(paths)('carries the whole set of headers: %s %o', async (path, init) => {
    const { headers } = await app.request(path, init);
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

  it('to a fault of the service says nothing of what it was', async () => {
    const reported: unknown[] = [];
    app = createTestApp(as, { report: (cause) => reported.push(cause) });
    as.exporter.export = () => Promise.reject(new TypeError('secret of the house'));
    const response = await call(app, token, '/v1/exports', exportRequest());
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret of the house');
    expect(String(reported[0])).toContain('secret of the house');
  });

  it('that takes too long is given up, in words, and the work still ends in one piece', async () => {
    const request = exportRequest();
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { export: exportNow } = as.exporter;
    as.exporter.export = async (...asked) => {
      await gate;
      return exportNow.apply(as.exporter, asked);
    };
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const pending = call(app, token, '/v1/exports', request);
      while (vi.getTimerCount() === 0) await new Promise((resolve) => setImmediate(resolve));
      vi.advanceTimersByTime(20_000);
      const response = await pending;
      expect(response.status).toBe(503);
      expect(((await response.json()) as ProblemJson).detail).toContain('nothing is done twice');
    } finally {
      vi.useRealTimers();
    }
    go();
    expect((await call(app, token, '/v1/exports', request)).status).toBe(200);
    expect(as.ledger.countOfOperator('olga')).toBe(1);
  });

  it('to a path or a method that is not there says so', async () => {
    expect((await call(app, token, '/v1/nothing')).status).toBe(404);
    const wrong = await app.request('/v1/exports', { method: 'PUT', body: '{}' });
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get('allow')).toBe('POST');
  });
});

describe('no endpoint hands out', () => {
  it('T, K_D, TA or a signing key, of any set, to any role, in any spelling', async () => {
    await fillTestAs(as, { set: 0x77, profile: 'shared', transportKey: TEST_T });
    const request = exportRequest();
    const exported = await callJson<ExportAnswerJson>(app, token, '/v1/exports', request);
    const bodies: Record<string, unknown> = {
      '/v1/exports': request,
      '/v1/exports:batch': { exports: [exportRequest({ suite: 2 }), exportRequest({ sign: true })] },
      '/v1/receipts': { exportId: exported.exportId, receipt: receiptFor(exported.data, request.random) },
    };
    const answers: Buffer[] = [];
    for (const role of ['operator', 'custodian', 'auditor', 'administrator'] as const) {
      const who = await addTestOperator(as, `${role}-2`, role);
      for (const { path } of app.routes.filter((each) => each.path !== '*' && each.path !== '/*')) {
        for (const body of [undefined, bodies[path] ?? {}]) {
          answers.push(Buffer.from(await (await call(app, who, path, body)).arrayBuffer()));
        }
      }
    }
    // What was asked for did come out, so the search looks at true answers.
    const all = Buffer.concat(answers);
    for (const word of ['exportId', 'verdict', 'kcv', 'previous', 'certificates', 'openapi'])
      expect(all.includes(word)).toBe(true);
    const unit = { set: 0xba7c, tkv: 1, sn: Buffer.from(TEST_SN, 'hex') };
    const secrets = [...secretsOf(as.state), deriveDeviceKey('cmac', TEST_T, unit)];
    expect(secrets.length).toBeGreaterThanOrEqual(11);
    for (const secret of secrets) {
      for (const spelling of spellings(secret)) expect(all.includes(spelling)).toBe(false);
    }
    wipe(...secrets.slice(-1));
  });
});
