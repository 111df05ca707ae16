// The service refuses work that it cannot do, before that work costs memory or time, and one
// operator does not delay another (docs/adr/0062-admit-requests-in-fair-turns.md).
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AppOptions } from '#as-service/api/app.ts';
import { ADMISSION_LIMITS, type AdmissionLimits } from '#as-service/http/admission.ts';
import type { ExportAnswerJson } from '#protocol/service/messages.ts';
import { createTestApp, exportRequest, refusalOf } from '#test/support/as-service.ts';
import { newOrder, ORDER_PATH, OrderSetup, stationReport, unit } from '#test/support/orders.ts';

let service: OrderSetup;
beforeEach(async () => {
  service = await OrderSetup.open();
});
afterEach(() => service.close());

const limit = (change: Partial<AdmissionLimits>, options: Partial<AppOptions> = {}) => {
  service.app = createTestApp(service.as, { admission: { ...ADMISSION_LIMITS, ...change }, ...options });
};

/** A body that counts how often it is read. */
function countedBody(text: string) {
  const count = { reads: 0, isCancelled: false };
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        count.reads++;
        controller.enqueue(Buffer.from(text));
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  return { count, stream };
}

function send(token: string, path: string, body: ReadableStream<Uint8Array>, length?: number): Promise<Response> {
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    ...(length === undefined ? {} : { 'content-length': String(length) }),
  };
  return Promise.resolve(
    service.app.request(path, { method: 'POST', headers, body, duplex: 'half' } as RequestInit & { duplex: 'half' }),
  );
}

describe('a limit', () => {
  it('is charged before the body is read', async () => {
    limit({}, { exportRate: { burst: 1, perMinute: 1 } });
    const { token } = service.olga;
    expect((await service.call(token, '/v1/exports', exportRequest())).status).toBe(200);
    for (const path of [
      '/v1/exports',
      '/v1/exports:batch',
      '/v1/exports:recall',
      '/v1/receipts',
      `${ORDER_PATH}/report`,
    ]) {
      const { count, stream } = countedBody('{}');
      expect((await send(token, path, stream)).status, path).toBe(429);
      expect(count.reads, path).toBe(0);
    }
  });

  it('counts every change, also one that makes no export', async () => {
    limit({}, { exportRate: { burst: 1, perMinute: 1 } });
    await service.issue();
    const revoke = () => service.call(service.custodian, `${ORDER_PATH}/revoke`, { reason: 'mistake' });
    expect((await revoke()).status).toBe(429);
  });

  it('counts reads apart from exports', async () => {
    limit({}, { exportRate: { burst: 2, perMinute: 1 } });
    const { token } = service.olga;
    const read = async () => (await service.call(token, '/v1/work-orders')).status;
    expect([await read(), await read(), await read()]).toEqual([200, 200, 429]);
    expect((await service.call(token, '/v1/exports', exportRequest())).status).toBe(200);
  });

  it('counts the bytes of long bodies, before they are read', async () => {
    await service.issue();
    limit({ longBodies: { burst: 400_000, perMinute: 60 } });
    const { token } = service.olga;
    const statuses = [];
    for (let i = 0; i < 3; i++) {
      const { count, stream } = countedBody('{}');
      statuses.push([(await send(token, `${ORDER_PATH}/report`, stream, 200_000)).status, count.reads]);
    }
    expect(statuses).toEqual([
      ...[
        [400, 1],
        [400, 1],
        [429, 0],
      ],
    ]);
  });
});

describe('a body', () => {
  it.each<[string, string, number]>([
    ['an export', '/v1/exports', 128 * 1024],
    ['a new order', '/v1/work-orders', 2 * 1024 * 1024],
    ['a station report', `${ORDER_PATH}/report`, 8 * 1024 * 1024],
    ['a vault journal', '/v1/vaults/x/journal', 6 * 1024 * 1024],
  ])('of %s is limited by its route: %s', async (_name, path, max) => {
    const token = path === '/v1/work-orders' ? service.custodian : service.olga.token;
    const { count, stream } = countedBody('{}');
    const response = await send(token, path, stream, max + 1);
    expect([response.status, count.reads]).toEqual([413, 0]);
    expect((await refusalOf(response))[1]).toContain(`at most ${max} bytes`);
    expect((await send(token, path, countedBody('{}').stream, max)).status).toBe(400);
  });

  it('that is refused unread closes the connection if it is long, because the client still sends it', async () => {
    const closes = async (length?: number) =>
      (await send('KF-WRONG', `${ORDER_PATH}/report`, countedBody('{}').stream, length)).headers.get('connection');
    expect([await closes(5_000_000), await closes(), await closes(100)]).toEqual([...['close', 'close', null]]);
  });

  it('waits outside of the memory: beyond the budget of its operator or of all, it is refused with 503', async () => {
    const bodies = { bytes: 1_000_000, bytesOfOne: 600_000, open: 8, openOfOne: 2 };
    limit({ bodies });
    await service.issue();
    const open: ReadableStreamDefaultController<Uint8Array>[] = [];
    const slow = (token: string, length: number) =>
      send(token, `${ORDER_PATH}/report`, new ReadableStream({ start: (each) => void open.push(each) }), length);
    const refused = async (token: string, length: number) => {
      const { count, stream } = countedBody('{}');
      const response = await send(token, `${ORDER_PATH}/report`, stream, length);
      expect([response.status, response.headers.get('retry-after'), count.reads]).toEqual([503, '2', 0]);
      expect(await refusalOf(response)).toEqual(['too-many-requests', expect.stringContaining('bodies in memory')]);
      expect(response.headers.get('connection')).toBe(length > 131_072 ? 'close' : null);
    };
    const pending = [slow(service.olga.token, 400_000)];
    await refused(service.olga.token, 300_000);
    pending.push(slow(service.otto.token, 500_000));
    await refused(service.custodian, 200_000);
    // The number of open bodies is limited too.
    pending.push(slow(service.olga.token, 1000));
    await refused(service.olga.token, 10);
    for (const each of open) {
      each.enqueue(Buffer.from('{'));
      each.close();
    }
    expect((await Promise.all(pending)).map(({ status }) => status)).toEqual([400, 400, 400]);
    // The budget is free again.
    expect((await send(service.olga.token, `${ORDER_PATH}/report`, countedBody('{').stream, 600_000)).status).toBe(400);
  });

  it('without a length is counted as it arrives', async () => {
    limit({ bodies: { bytes: 1_000_000, bytesOfOne: 300_000, open: 8, openOfOne: 2 } });
    await service.issue();
    const long = countedBody(' '.repeat(400_000));
    expect((await send(service.olga.token, `${ORDER_PATH}/report`, long.stream)).status).toBe(503);
  });
});

describe('a long body', () => {
  it('is parsed outside of the event loop, and a short one is not', async () => {
    const parsed: [string, number][] = [];
    limit(
      {},
      {
        parseLong: async (name, body) => {
          parsed.push([name, body.length]);
          return JSON.parse(Buffer.from(body).toString());
        },
      },
    );
    await service.issue({ units: [[unit(1), unit(2000)]] });
    const report = (count: number) =>
      stationReport({
        units: Array.from({ length: count }, (_, i) => ({
          ...{ sn: unit(i + 1), outcome: 'failed' as const, reason: 'broken', begun: null, ended: null },
        })),
      });
    expect((await service.call(service.olga.token, `${ORDER_PATH}/report`, report(3))).status).toBe(200);
    expect(parsed).toEqual([]);
    expect((await service.call(service.olga.token, `${ORDER_PATH}/report`, report(2000))).status).toBe(200);
    expect(parsed).toEqual([['station-report', expect.any(Number)]]);
  });
});

/** Holds every export of the service until release(). `reached` resolves when the first one begins. */
function holdExports() {
  let reach = () => {};
  let release = () => {};
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { exporter } = service.as;
  const original = exporter.export.bind(exporter);
  exporter.export = async (...given) => {
    reach();
    await released;
    return original(...given);
  };
  return { reached, release };
}

describe('the turns', () => {
  const requests = { running: 4, runningOfOne: 3, waiting: 100, waitingOfOne: 20 };

  it('are fair: another operator does not wait behind all requests of the first one', async () => {
    limit({ requests });
    const done: string[] = [];
    const held = holdExports();
    const call = async (name: string, token: string) => {
      const response = await service.call(token, '/v1/exports', exportRequest());
      if (response.status === 200) done.push(name);
      return response.status;
    };
    const first = Array.from({ length: 23 }, () => call('olga', service.olga.token));
    await held.reached;
    const second = call('otto', service.otto.token);
    held.release();
    expect(await second).toBe(200);
    // The three requests of olga that ran already may be answered first.
    expect(done.indexOf('otto')).toBeLessThanOrEqual(3);
    expect(await Promise.all(first)).toEqual(Array.from({ length: 23 }, () => 200));
  });

  it('are limited: beyond the queue of an operator the answer is 503 with Retry-After, for that operator alone', async () => {
    limit({ requests });
    const held = holdExports();
    const send = (token: string) => service.call(token, '/v1/exports', exportRequest());
    const first = Array.from({ length: 24 }, () => send(service.olga.token));
    const refused = await Promise.race(first);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await refusalOf(refused))[0]).toBe('too-many-requests');
    const other = send(service.otto.token);
    held.release();
    expect((await other).status).toBe(200);
    const statuses = (await Promise.all(first)).map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array.from({ length: 23 }, () => 200), 503]);
  });
});

describe('a page of the audit log', () => {
  it('is limited by its bytes, and the next one continues it', async () => {
    await service.issue({ units: [[unit(1), unit(20_000)]] });
    const auditor = await service.addOperator('anna', 'auditor');
    for (let round = 0; round < 3; round++) {
      const units = Array.from({ length: 8000 }, (_, i) => ({
        sn: unit(i + 1),
        outcome: 'failed' as const,
        reason: `broken ${round}`,
        begun: null,
        ended: null,
      }));
      expect((await service.call(service.olga.token, `${ORDER_PATH}/report`, stationReport({ units }))).status).toBe(
        200,
      );
    }
    const lengths: number[] = [];
    const { read } = service.as.log;
    service.as.log.read = async (first, last) => {
      lengths.push(last - first + 1);
      return read.call(service.as.log, first, last);
    };
    const sequences: number[] = [];
    for (let before: number | null = 1e9; before !== null; ) {
      const page: { entries: { entry: { sequence: number } }[]; before: number | null } = await service.json(
        auditor,
        `/v1/audit?limit=200&before=${before}`,
      );
      sequences.push(...page.entries.map(({ entry }) => entry.sequence));
      before = page.before;
    }
    expect(sequences).toEqual(Array.from({ length: service.as.log.head.sequence }, (_, i) => sequences.length - i));
    expect(lengths.length).toBeGreaterThan(1);
  });
});

describe('the document of the API', () => {
  it('is made once', async () => {
    const first = await service.app.request('/openapi.json');
    const text = await first.text();
    const stringify = vi.spyOn(JSON, 'stringify');
    expect(await (await service.app.request('/openapi.json')).text()).toBe(text);
    expect(stringify).not.toHaveBeenCalled();
  });
});

describe('an order of the first size', () => {
  it('still fits into the limits: 20,000 single units', async () => {
    const units = Array.from({ length: 20_000 }, (_, i) => unit(2 * i));
    expect((await service.call(service.custodian, '/v1/work-orders', newOrder({ units }))).status).toBe(200);
    const exported = await service.json<ExportAnswerJson>(service.olga.token, '/v1/exports', exportRequest());
    expect(exported.exportId).toBeDefined();
  });
});
