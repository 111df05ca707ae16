// The HTTP application: who may call, and how requests are refused, limited and answered.
import { describe, expect, it, vi } from 'vitest';
import { createAccessCode } from '#as-service/operators/access-codes.ts';
import {
  CODES,
  detailOf,
  EXPORT,
  type SimulatedAs,
  simulatedService as setup,
} from '#test/support/simulated-service.ts';

describe('a request', () => {
  it('is answered at the host of the service only', async () => {
    const { send } = setup();
    expect((await send('/v1/trust')).status).toBe(200);
    for (const url of ['http://as.example:81/v1/trust', 'https://other.example/', 'https://other.example/v1/trust']) {
      const response = await send(url);
      expect([response.status, await detailOf(response)]).toEqual([
        421,
        `This service does not answer to the name ${new URL(url).host}: see KEYFERRY_ORIGINS.`,
      ]);
    }
  });

  it('of a page of another origin reaches the API only, and only if the origin is listed', async () => {
    const { send } = setup();
    const from = async (origin: string, path: string) => (await send(path, { headers: { origin } })).status;
    expect([await from('https://as.example', '/v1/trust'), await from('https://as.example', '/page')]).toEqual([
      200, 200,
    ]);
    expect([await from('https://page.example', '/v1/trust'), await from('https://page.example', '/page')]).toEqual([
      200, 403,
    ]);
    expect([await from('https://other.example', '/v1/trust'), await from('https://other.example', '/page')]).toEqual([
      403, 403,
    ]);
    const listed = await send('/v1/trust', { headers: { origin: 'https://page.example' } });
    expect(listed.headers.get('access-control-allow-origin')).toBe('https://page.example');
    const page = await send('/page', { headers: { origin: 'https://page.example' } });
    expect(page.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('for the state of the service is answered at any host', async () => {
    const { as, send } = setup();
    const ready = await send('http://10.0.0.1/readyz');
    expect([ready.status, await ready.json()]).toEqual([200, { ready: true }]);
    as.isReady = false;
    expect((await send('http://10.0.0.1/readyz')).status).toBe(503);
  });

  it('for a file gets it, and for nothing a problem', async () => {
    const { send } = setup();
    expect(await (await send('/page')).text()).toBe('the page');
    const nothing = await send('/v1/nothing');
    expect([nothing.status, await detailOf(nothing)]).toEqual([404, 'There is nothing at /v1/nothing.']);
    expect(await (await send('/openapi.json')).json()).toMatchObject({ openapi: '3.1.0' });
  });

  it('with another method is refused with those that are allowed', async () => {
    const { app, send } = setup();
    const put = await app.request('https://as.example/v1/vaults', { method: 'PUT' });
    expect([put.status, put.headers.get('allow'), await detailOf(put)]).toEqual([
      405,
      'GET, POST',
      'Use GET, POST here.',
    ]);
    expect((await send('/v1/work-orders/a/revoke')).headers.get('allow')).toBe('POST');
  });

  it('with wrong access codes is limited by its address', async () => {
    const { send } = setup();
    const status = async (remoteAddress: string) =>
      (
        await send('/v1/whoami', {
          headers: { authorization: `Bearer ${createAccessCode()}` },
          env: { incoming: { socket: { remoteAddress } } },
        })
      ).status;
    expect([await status('1'), await status('1'), await status('1'), await status('2')]).toEqual([401, 401, 429, 401]);
  });

  it('is refused if its access code is revoked while the body arrives', async () => {
    const { as, app } = setup();
    const body = new ReadableStream({
      pull(controller) {
        as.state.operators = [];
        controller.enqueue(new TextEncoder().encode(JSON.stringify(EXPORT)));
        controller.close();
      },
    });
    const headers = { authorization: `Bearer ${CODES.get('operator')}`, 'content-type': 'application/json' };
    const init = { method: 'POST', body, headers, duplex: 'half' };
    expect((await app.request('https://as.example/v1/exports', init)).status).toBe(401);
    expect(as.exporter.export).not.toHaveBeenCalled();
  });

  it('lets the AS follow the clock first, and reports what the disk refused', async () => {
    const { as, report, send } = setup();
    const refused = new Error('disk');
    as.followClock.mockResolvedValueOnce(refused);
    expect((await send('/v1/whoami')).status).toBe(200);
    expect(report.mock.calls).toEqual([[refused]]);
  });

  it('that fails is answered without the cause, which the log gets', async () => {
    const { as, report, send } = setup();
    as.orders.list.mockRejectedValueOnce(new TypeError('secret'));
    const response = await send('/v1/work-orders');
    expect([response.status, await response.text()]).toEqual([500, expect.not.stringContaining('secret')]);
    expect(report).toHaveBeenCalledOnce();
  });

  it.each([
    ['/v1/work-orders', 20_000, (as: SimulatedAs) => as.orders.list.mockReturnValueOnce(new Promise(() => {}))],
    [
      '/v1/work-orders/a/report',
      100_000,
      (as: SimulatedAs) => as.orders.makeReport.mockReturnValueOnce(new Promise(() => {})),
    ],
  ])('for %s that takes %i ms is answered with a problem', async (path, ms, delay) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { as, send } = setup();
      delay(as);
      let status = 0;
      const answered = Promise.resolve(send(path)).then((response) => {
        status = response.status;
      });
      while (vi.getTimerCount() === 0) await new Promise((resolve) => setImmediate(resolve));
      vi.advanceTimersByTime(ms - 1);
      await new Promise((resolve) => setImmediate(resolve));
      expect(status).toBe(0);
      vi.advanceTimersByTime(1);
      await answered;
      expect([status, vi.getTimerCount()]).toEqual([503, 0]);
      await send(path);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
