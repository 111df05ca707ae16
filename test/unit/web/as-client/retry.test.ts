// A request that got no answer is sent again, unchanged and a limited number of times. The page
// waits as long as the server requests, and shows the wait to the operator.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  NetworkFailure,
  PAUSES_MS,
  type RetryWatch,
  readRetryAfter,
  sendUntilAnswered,
  type Wait,
} from '#web/as-client/retry.ts';
import { jsonAnswer, problem } from './fake-as.ts';
import { hangs, offline, REQUEST, signedIn } from './remote-as-fixture.ts';

const gateway = (status: number, headers: Record<string, string> = {}): Response =>
  new Response('<h1>Bad gateway</h1>', { status, headers: { 'content-type': 'text/html', ...headers } });
const cut = (): Response => new Response('{"exportId":"e', { headers: { 'content-type': 'application/json' } });
const brokenOff = (): Response =>
  new Response(new ReadableStream({ start: (body) => body.error(new TypeError('terminated')) }), {
    headers: { 'content-type': 'application/json' },
  });

describe('an export whose answer is lost', () => {
  it.each<[string, (request: { init: RequestInit }) => Response | Promise<Response>]>([
    ['502', () => gateway(502)],
    ['503 with Retry-After', () => gateway(503, { 'retry-after': '0' })],
    ['504', () => gateway(504)],
    ['500 with a page', () => gateway(500)],
    ['429 of a proxy', () => gateway(429)],
    ['408', () => gateway(408)],
    ['503 of the AS', () => jsonAnswer(PROBLEM_503, 503, 'application/problem+json')],
    ['429 of the AS', () => problem('too-many-requests')],
    ['a connection reset', offline],
    ['a body that breaks off', brokenOff],
    ['a body that was cut', cut],
    ['a timeout', hangs],
  ])('after %s is requested again under the same idempotency key', async (_what, answer) => {
    const { service, as } = await signedIn();
    let failures = 2;
    service.instead['/v1/exports'] = (request) => (failures-- > 0 ? answer(request) : service.answer(request));
    expect((await as.exportKey(REQUEST)).exportId).toBe('export-1');
    const bodies = service.asked('/v1/exports').map(({ init }) => init.body);
    expect(bodies).toHaveLength(3);
    expect(new Set(bodies).size).toBe(1);
  });

  it('is no longer requested after a limited number of tries', async () => {
    const { service, as } = await signedIn();
    service.instead['/v1/exports'] = () => gateway(502);
    await expect(as.exportKey(REQUEST)).rejects.toMatchObject({ code: 'gateway-failed' });
    expect(service.asked('/v1/exports')).toHaveLength(3);
  });

  it('is not requested again after the AS has refused it, or after another server has answered', async () => {
    const { service, as } = await signedIn();
    for (const answer of [() => problem('quota-used'), () => problem('service-failed'), () => gateway(403)]) {
      const before = service.asked('/v1/exports').length;
      service.instead['/v1/exports'] = answer;
      await expect(as.exportKey(REQUEST)).rejects.toThrow();
      expect(service.asked('/v1/exports')).toHaveLength(before + 1);
    }
  });
});

const PROBLEM_503 = {
  type: 'urn:keyferry:problem:service-failed',
  title: 'The service failed',
  status: 503,
  detail: '',
};

describe('the wait before the next try', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Returns the waits and the number of tries of a request that always fails in the same way. */
  async function waitsAfter(retryAfterMs?: number, stopAfterMs = Number.POSITIVE_INFINITY) {
    const waits: (Wait | undefined)[] = [];
    const stopped = new AbortController();
    let tries = 0;
    const send = (): Promise<never> => {
      tries++;
      return Promise.reject(new NetworkFailure('gateway-failed', 'bad gateway', { retryAfterMs }));
    };
    const watch: RetryWatch = {
      onWait: (wait) => void waits.push(wait),
      signal: stopped.signal,
      admit: (action) => action(),
    };
    const outcome = sendUntilAnswered(send, PAUSES_MS, watch).catch((error: unknown) => error);
    if (Number.isFinite(stopAfterMs)) {
      await vi.advanceTimersByTimeAsync(stopAfterMs);
      stopped.abort();
    } else await vi.runAllTimersAsync();
    return { failure: await outcome, tries, waits };
  }

  it('is shown by the lane until the next try begins', async () => {
    const { failure, tries, waits } = await waitsAfter();
    expect(failure).toMatchObject({ code: 'gateway-failed' });
    expect(tries).toBe(5);
    expect(waits.filter((wait) => wait !== undefined)).toEqual([
      { seconds: 1, next: 2, tries: 5 },
      { seconds: 1, next: 3, tries: 5 },
      { seconds: 2, next: 4, tries: 5 },
      { seconds: 4, next: 5, tries: 5 },
    ]);
    expect(waits.at(-1)).toBeUndefined();
  });

  it('is as long as the server requests', async () => {
    const { waits, tries } = await waitsAfter(12_000);
    expect(tries).toBe(5);
    expect(waits[0]).toMatchObject({ seconds: 12 });
  });

  it('is at most 30 seconds, and all waits together are at most 60 seconds', async () => {
    const { waits, tries } = await waitsAfter(3_600_000);
    expect(waits[0]).toMatchObject({ seconds: 30 });
    expect(tries).toBe(3);
  });

  it('ends immediately when the operator stops the load', async () => {
    const { failure, tries } = await waitsAfter(20_000, 5_000);
    expect(failure).toMatchObject({ code: 'cancelled' });
    expect(tries).toBe(1);
  });
});

describe('Retry-After', () => {
  const waitAfter = (value: string, date = 'Sun, 29 Nov 2026 10:00:00 GMT'): number | undefined =>
    readRetryAfter(new Headers({ 'retry-after': value, date }));

  it('is a number of seconds, or a date by the clock of the server', () => {
    expect(waitAfter('0')).toBe(0);
    expect(waitAfter(' 7 ')).toBe(7000);
    expect(waitAfter('Sun, 29 Nov 2026 10:00:09 GMT')).toBe(9000);
    expect(waitAfter('Sun, 29 Nov 2026 09:59:00 GMT')).toBe(0);
  });

  it('is ignored when it is a date and the server does not send its own time', () => {
    expect(readRetryAfter(new Headers({ 'retry-after': 'Sun, 29 Nov 2026 10:00:09 GMT' }))).toBeUndefined();
    expect(readRetryAfter(new Headers({ 'retry-after': '7' }))).toBe(7000);
  });

  it.each(['-5', '1.5', 'soon', '', '99999999999', 'Sun, 29 Nov 2026', 'Mud, 99 Nov 2026 10:00:00 GMT'])(
    'is ignored when it is malformed: %j',
    (value) => {
      expect(waitAfter(value)).toBeUndefined();
    },
  );
});
