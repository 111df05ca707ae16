// Requests over HTTP: their bodies, their access codes, their rate, and how each is answered.
import { Hono } from 'hono';
import * as v from 'valibot';
import { describe, expect, it, vi } from 'vitest';
import { answer, answerProblem, Problem, problemJson, problemOf, tooManyRequests } from '#as-service/http/answer.ts';
import { allowPages } from '#as-service/http/cors.ts';
import { RateLimit } from '#as-service/http/rate-limit.ts';
import { MAX_SHORT_BODY_LENGTH, parse, parseBody, readBody, requireJson } from '#as-service/http/request-body.ts';
import { signIn } from '#as-service/http/sign-in.ts';
import { accessCodeState, createAccessCode } from '#as-service/operators/access-codes.ts';
import type { As } from '#as-service/service/as.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { integer } from '#protocol/json/schema.ts';
import { NOW, operator } from '#test/support/memory-exporter.ts';

const problem = (status: number, message: string) =>
  expect.objectContaining({ status, message: expect.stringContaining(message) });

describe('the rate limit', () => {
  const limitAt = (rate: { burst: number; perMinute: number }) => {
    const clock = { ms: 1_000_000 };
    return { clock, limit: new RateLimit(rate, () => clock.ms) };
  };

  it('permits a burst for each name, then one request per interval, and says how long to wait', () => {
    const { clock, limit } = limitAt({ burst: 3, perMinute: 30 });
    expect([1, 2, 3, 4].map(() => limit.take('a'))).toEqual([undefined, undefined, undefined, 2]);
    expect(limit.take('b')).toBeUndefined();
    clock.ms += 1000;
    expect(limit.take('a')).toBe(1);
    clock.ms += 1000;
    expect([limit.take('a'), limit.take('a')]).toEqual([undefined, 2]);
    clock.ms += 3_600_000;
    expect([1, 2, 3, 4].map(() => limit.take('a'))).toEqual([undefined, undefined, undefined, 2]);
  });

  it('takes several tokens or none, and never says to wait for more than a full bucket', () => {
    const { limit } = limitAt({ burst: 10, perMinute: 60 });
    expect([limit.take('a', 8), limit.take('a', 3), limit.take('a', 2), limit.take('a', 50)]).toEqual([
      ...[undefined, 1, undefined, 10],
    ]);
    const { limit: fast } = limitAt({ burst: 1, perMinute: 6000 });
    expect([fast.take('a'), fast.take('a')]).toEqual([undefined, 1]);
  });

  it('stores at most 10,000 names: it drops full buckets, then all', () => {
    const { clock, limit } = limitAt({ burst: 2, perMinute: 1 });
    for (let i = 0; i < 9_999; i++) limit.take(`name ${i}`);
    limit.take('used', 2);
    expect(limit.size).toBe(10_000);
    // After a minute, all but this bucket are full.
    clock.ms += 60_000;
    limit.take('new', 2);
    expect([limit.size, limit.take('used', 2)]).toEqual([2, 60]);
    for (let i = 0; i < 9_998; i++) limit.take(`name ${i}`, 2);
    expect([limit.size, limit.take('new')]).toEqual([10_000, 60]);
    limit.take('one more');
    expect([limit.size, limit.take('new', 2)]).toEqual([1, undefined]);
  });
});

describe('a JSON body', () => {
  const schema = v.object({ n: integer(0, 9), m: integer(0, 9), o: integer(0, 9), p: integer(0, 9) });
  const good = { n: 1, m: 2, o: 3, p: 4 };
  const JSON_TYPE = 'application/json';

  const account = { reserve: () => undefined, endReading: () => undefined, release: () => undefined };

  function send(
    body: string | ReadableStream,
    headers: Record<string, string> = {},
    maxLength: number = MAX_SHORT_BODY_LENGTH,
  ) {
    const app = new Hono();
    const read: Promise<unknown>[] = [];
    app.post('/', (c) => {
      const readNow = async () => {
        requireJson(c, maxLength);
        return parseBody(schema, await readBody(c, maxLength, account));
      };
      read.push(readNow());
      return c.text('');
    });
    const init = { method: 'POST', body, headers: { 'content-type': JSON_TYPE, ...headers }, duplex: 'half' };
    return Promise.resolve(app.request('/', init)).then(() => read[0]);
  }

  it('is read with and without a length, in parts too', async () => {
    const text = JSON.stringify(good);
    expect(await send(text)).toEqual(good);
    expect(await send(text, { 'content-length': String(text.length) })).toEqual(good);
    expect(await send(new Blob([text.slice(0, 5), text.slice(5)]).stream(), {}, text.length)).toEqual(good);
    for (const type of ['application/json; charset=utf-8', 'Application/JSON ;x']) {
      expect(await send(text, { 'content-type': type })).toEqual(good);
    }
  });

  it.each(['text/plain', 'application/jsonp', 'text/application/json', ''])('is refused as %j', async (type) => {
    await expect(send('{}', { 'content-type': type })).rejects.toThrow(problem(415, 'The body must be JSON'));
  });

  it('has at most the given length, by its header and by its bytes', async () => {
    const text = JSON.stringify(good);
    const long = problem(413, `The body may have at most ${text.length - 1} bytes.`);
    await expect(send(text, { 'content-length': String(text.length) }, text.length - 1)).rejects.toThrow(long);
    await expect(send(text, {}, text.length - 1)).rejects.toThrow(long);
    expect(await send(text, { 'content-length': String(text.length) }, text.length)).toEqual(good);
    const tooLong = problem(413, 'at most 131072 bytes');
    await expect(send(' '.repeat(131_073))).rejects.toThrow(tooLong);
    await expect(send(' '.repeat(131_072))).rejects.toThrow(problem(400, 'The body is not JSON.'));
  });

  it('is refused with the first three wrong members, or with the unknown one', () => {
    expect(() => parse(schema, { ...good, x: 1 }, 'body')).toThrow(
      problem(400, 'body.x is an unknown member. See /openapi.json for the expected format.'),
    );
    expect(() => parse(schema, { n: 10 }, 'query')).toThrow(
      problem(400, 'query.n is not an integer from 0 to 9. query.m is missing. query.o is missing. See /openapi.json'),
    );
    expect(() => parse(schema, null, 'body')).toThrow(problem(400, 'body is not Object'));
    expect(parse(schema, good, 'body')).toEqual(good);
  });
});

describe('an access code', () => {
  const code = createAccessCode();
  const account = operator('olga', { tokens: [accessCodeState(code, new Date(NOW), 8 * 3_600_000)] });
  const setup = () => {
    const as = { state: { operators: [account] }, now: () => new Date(NOW) };
    return { as: as as unknown as As & typeof as, failures: new RateLimit({ burst: 2, perMinute: 1 }, () => 0) };
  };
  const use = (authorization: string | undefined, { as, failures } = setup(), address = '::1') =>
    signIn(as, failures, ['operator', 'custodian'], { authorization, address });
  const unknown = problem(401, 'The access code is unknown, expired or revoked.');

  it('signs its operator in, and is checked again later', () => {
    const { as, failures } = setup();
    const signedIn = use(`bearer  ${code} `, { as, failures });
    expect([signedIn.account, signedIn.expires]).toEqual([account, '2026-11-23T20:00:00.000Z']);
    signedIn.requireSignedIn();
    as.now = () => new Date('2026-11-24T12:00:00.000Z');
    expect(() => signedIn.requireSignedIn()).toThrow(expect.objectContaining({ code: 'signed-out' }));
    expect(() => signedIn.requireSignedIn()).toThrow(ProtocolError);
  });

  it('no longer permits a request whose operator has other limits meanwhile', () => {
    const { as, failures } = setup();
    const signedIn = use(`Bearer ${code}`, { as, failures });
    Object.assign(as.state, { operators: [{ ...account, quota: 1 }] });
    expect(() => signedIn.requireSignedIn()).toThrow(
      expect.objectContaining({
        ...{ code: 'not-allowed', message: 'The limits of olga were changed during this request. Send it again.' },
      }),
    );
  });

  it('is needed, in the form of a bearer token', () => {
    for (const header of [
      undefined,
      '',
      code,
      `Basic ${code}`,
      `Bearer ${code} x`,
      `xBearer ${code}`,
      `Bearer${code}`,
    ]) {
      expect(() => use(header)).toThrow(problem(401, 'Send the access code as "Authorization: Bearer'));
    }
  });

  it('that is wrong is limited per address; a valid one is accepted nevertheless', () => {
    const state = setup();
    for (let i = 0; i < 2; i++) expect(() => use('Bearer KF-WRONG', state)).toThrow(unknown);
    expect(() => use('Bearer KF-WRONG', state)).toThrow(
      problem(429, 'Too many wrong access codes from this address. Wait 60 s.'),
    );
    expect(() => use('Bearer KF-WRONG', state, '::2')).toThrow(unknown);
    expect(use(`Bearer ${code}`, state).account).toBe(account);
  });

  it('of another role is refused with the roles that are needed', () => {
    const { as, failures } = setup();
    expect(() =>
      signIn(as, failures, ['auditor', 'administrator'], { authorization: `Bearer ${code}`, address: '' }),
    ).toThrow(problem(403, 'This needs the role auditor or administrator; olga is operator.'));
  });
});

describe('an answer', () => {
  it('is JSON that no cache stores, with the headers of security', async () => {
    const response = answer({ n: 1 });
    expect(await response.text()).toBe('{"n":1}');
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('to a refusal is a problem document', async () => {
    const made = new Problem('signed-out', 'a detail', { headers: { 'x-more': '1' } });
    expect([made.name, made.code, made.status]).toEqual(['Problem', 'signed-out', 401]);
    const response = answerProblem(made);
    expect([response.status, response.headers.get('content-type')]).toEqual([401, 'application/problem+json']);
    expect([response.headers.get('www-authenticate'), response.headers.get('x-more')]).toEqual(['Bearer', '1']);
    const document = problemJson(made);
    expect(document).toMatchObject({ status: 401, detail: 'a detail', type: expect.stringMatching(/signed-out$/) });
    expect(await response.json()).toEqual(document);
    const limited = answerProblem(tooManyRequests('Too many.', 7));
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '7']);
    expect(limited.headers.get('www-authenticate')).toBeNull();
  });

  it('to an error tells its cause to the log of the service alone', () => {
    const report = vi.fn();
    const refusal = new Problem('signed-out', 'a detail');
    expect(problemOf(refusal, report)).toBe(refusal);
    expect(problemOf(new ProtocolError('quota-used', 'none left'), report)).toMatchObject({
      ...{ code: 'quota-used', message: 'none left' },
    });
    expect(report).not.toHaveBeenCalled();
    for (const cause of [new RangeError('secret'), new ProtocolError('file-refused', 'secret')]) {
      const made = problemOf(cause, report);
      expect([made.code, made.message.includes('secret')]).toEqual(['service-failed', false]);
      expect(report).toHaveBeenLastCalledWith(cause);
    }
  });
});

describe('pages of listed origins', () => {
  const PAGE = 'https://page.example';
  const app = new Hono();
  app.use(allowPages([PAGE]));
  app.get('/', (c) => c.text('ok'));
  app.options('/', (c) => c.text('options'));
  const request = (headers: Record<string, string>, method = 'GET') => app.request('/', { method, headers });
  const PREFLIGHT = { 'access-control-request-method': 'POST' };

  it('may call, and read the headers that they need', async () => {
    const { headers } = await request({ origin: PAGE });
    expect(
      ['access-control-allow-origin', 'access-control-expose-headers', 'vary'].map((name) => headers.get(name)),
    ).toEqual([...[PAGE, 'Date, Retry-After', 'Origin']]);
  });

  it('get an answer to a preflight request', async () => {
    const response = await request({ origin: PAGE, ...PREFLIGHT }, 'OPTIONS');
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': PAGE,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'authorization, content-type, keyferry-log-size',
      'access-control-max-age': '7200',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      vary: 'Origin',
    });
    expect(await (await request({ origin: PAGE }, 'OPTIONS')).text()).toBe('options');
    expect(await (await request({ origin: PAGE, ...PREFLIGHT })).text()).toBe('ok');
  });

  it('are the only ones', async () => {
    for (const headers of [{}, { origin: 'https://other.example' }]) {
      const response = await request({ ...headers, ...PREFLIGHT }, 'OPTIONS');
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
      expect(await response.text()).toBe('options');
    }
  });
});
