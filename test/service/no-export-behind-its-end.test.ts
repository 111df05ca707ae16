// Revokes, closes and signs out during exports. No export is logged after the entry that forbids
// it, a closed order balances, and a slow request fails when its access code ends.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SharedLock } from '#as-service/common/shared-lock.ts';
import { revokeAccessCodes } from '#as-service/operators/operators.ts';
import { allowUnits } from '#as-service/sets/sets.ts';
import { createTestApp, exportRequest, receiptFor, refusalOf, TEST_SET } from '#test/support/as-service.ts';
import {
  exportFor,
  fetchReport,
  judge,
  LINE,
  ORDER_PATH,
  OrderSetup,
  report,
  stationReport,
  unit,
} from '#test/support/orders.ts';
import { VAULT_REQUEST } from '#test/support/vault-service.ts';

let service: OrderSetup;
beforeEach(async () => {
  service = await OrderSetup.open();
});
afterEach(() => service.close());

const UNITS = 24;
const everyUnit = Array.from({ length: UNITS }, (_, n) => unit(n + 1));
const issueForAll = () => service.issue({ units: [[unit(1), unit(UNITS)]] });
/**
 * Starts one export per unit, separated by `turns` turns of the event loop. Calls `end` after half
 * of the units.
 */
async function exportsAround(turns: number, end: () => Promise<unknown>): Promise<Response[]> {
  const sent: Promise<Response>[] = [];
  let ended: Promise<unknown> | undefined;
  for (const [index, sn] of everyUnit.entries()) {
    const request = exportRequest({ ...LINE, sn, workOrder: 'JOB-4711' });
    sent.push(service.call(service.olga.token, '/v1/exports', request));
    if (index === UNITS / 2) ended = end();
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  const responses = await Promise.all(sent);
  await ended;
  return responses;
}

/** Returns the events in the log after `event`. */
async function eventsBehind(event: string): Promise<string[]> {
  const all = (await service.events()).map((entry) => entry.event);
  expect(all).toContain(event);
  return all.slice(all.indexOf(event) + 1);
}

/** Checks that as many exports succeeded as the log contains. */
async function expectExports(responses: readonly Response[]): Promise<void> {
  const exports = await service.events('export');
  expect(responses.filter(({ status }) => status === 200)).toHaveLength(exports.length);
}

describe.each([0, 1, 3])('during exports (%i turns of the event loop apart)', (turns) => {
  it('a revocation of the order ends its exports', async () => {
    await issueForAll();
    const responses = await exportsAround(turns, () => service.revoke());
    expect(await eventsBehind('work-order-revoked')).not.toContain('export');
    await expectExports(responses);
    for (const response of responses.filter(({ status }) => status !== 200)) {
      expect((await refusalOf(response))[0]).toBe('order-ended');
    }
  });

  it('closing the order ends its exports, and its report has every export', async () => {
    await issueForAll();
    const reasons = everyUnit.map((sn) => ({ sn, outcome: 'failed', reason: 'x', begun: null, ended: null }) as const);
    const closing = stationReport({ units: reasons, absentReason: 'not delivered', close: true });
    const responses = await exportsAround(turns, () =>
      service.call(service.otto.token, `${ORDER_PATH}/report`, closing),
    );
    expect(await eventsBehind('work-order-closed')).not.toContain('export');
    await expectExports(responses);
    const closed = await fetchReport(service.olga);
    expect((await judge(service.as, closed)).faults).toEqual([]);
    const exported = (await service.events('export')).map(({ details }) => details.sn);
    const rows = closed.rows.filter(({ loads }) => loads.some(({ exports }) => exports > 0)).map(({ sn }) => sn);
    expect(rows.sort()).toEqual([...exported].sort());
  });

  it('a revocation of the access code ends its exports', async () => {
    await issueForAll();
    const responses = await exportsAround(turns, () => revokeAccessCodes(service.as, 'test', 'olga'));
    expect(await eventsBehind('tokens-revoked')).not.toContain('export');
    await expectExports(responses);
  });

  it('a new list of permitted units ends the exports to other units', async () => {
    await issueForAll();
    const responses = await exportsAround(turns, () => allowUnits(service.as, 'test', TEST_SET, [unit(99)]));
    expect(await eventsBehind('units-allowed')).not.toContain('export');
    await expectExports(responses);
  });
});

describe('closing an order during exports', () => {
  it('does not close the order if one of the exports needs a reason', async () => {
    await service.issue({ units: [[unit(1), unit(2)]] });
    const exporting = exportFor(service.olga, unit(1));
    // Waits until the export is reserved, but is not in the log yet.
    for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
    const closing = report(service.otto, { absentReason: 'not delivered', close: true });
    const [{ answer }, { closed }] = await Promise.all([exporting, closing]);
    const exports = await service.events('export');
    expect([closed, 'data' in answer, exports.length]).toEqual(closed ? [true, false, 0] : [false, true, 1]);
  });
});

describe('an access code that is revoked while the body arrives', () => {
  const slowly = async (path: string, body: unknown, meanwhile: () => Promise<unknown>, token = service.olga.token) => {
    const text = Buffer.from(JSON.stringify(body));
    const stream = new ReadableStream({
      async start(controller) {
        controller.enqueue(text.subarray(0, 10));
        await meanwhile();
        controller.enqueue(text.subarray(10));
        controller.close();
      },
    });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    return createTestApp(service.as).request(
      new Request(`http://localhost${path}`, { method: 'POST', headers, body: stream, duplex: 'half' } as RequestInit),
    );
  };

  it.each<[string, string, () => object | Promise<object>, 'olga' | 'carl']>([
    ['an export', '/v1/exports', () => exportRequest(), 'olga'],
    ['a batch', '/v1/exports:batch', () => ({ exports: [exportRequest()] }), 'olga'],
    ['a station report', `${ORDER_PATH}/report`, () => stationReport({ close: true, absentReason: 'x' }), 'olga'],
    ['a revocation', `${ORDER_PATH}/revoke`, () => ({ reason: 'x' }), 'carl'],
    ['a vault', '/v1/vaults', () => VAULT_REQUEST, 'carl'],
  ])('ends %s: no entry follows the revocation in the log', async (_name, path, body, who) => {
    await service.issue();
    const token = who === 'carl' ? service.custodian : service.olga.token;
    const response = await slowly(path, await body(), () => revokeAccessCodes(service.as, 'test', who), token);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await eventsBehind('tokens-revoked')).toEqual([]);
  });

  it('also ends a receipt, and the same receipt is accepted with a new access code', async () => {
    await service.issue();
    const { request, answer } = await exportFor(service.olga, unit(1));
    const body = { exportId: answer.exportId, receipt: receiptFor(answer.data, request.random) };
    expect((await slowly('/v1/receipts', body, () => revokeAccessCodes(service.as, 'test', 'olga'))).status).toBe(401);
    expect((await service.call(service.otto.token, '/v1/receipts', body)).status).toBe(200);
  });
});

describe('SharedLock', () => {
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it('runs shared actions together and an exclusive action alone, and does not let shared actions overtake a waiting exclusive one', async () => {
    const lock = new SharedLock();
    const steps: string[] = [];
    const action = (name: string) => async () => {
      steps.push(`${name} begins`);
      await turn();
      await turn();
      steps.push(`${name} ends`);
    };
    const first = [lock.shared(action('a')), lock.shared(action('b'))];
    const alone = lock.exclusive(action('X'));
    await Promise.resolve();
    const later = [lock.shared(action('c')), lock.exclusive(action('Y'))];
    await Promise.all([...first, alone, ...later]);
    expect(steps.slice(0, 6)).toEqual(['a begins', 'b begins', 'a ends', 'b ends', 'X begins', 'X ends']);
    expect(steps.indexOf('c ends') - steps.indexOf('c begins')).toBe(1);
    expect(steps.indexOf('Y ends') - steps.indexOf('Y begins')).toBe(1);
  });

  it('is free after an action that fails', async () => {
    const lock = new SharedLock();
    const fail = () => Promise.reject(new Error('x'));
    await expect(lock.shared(fail)).rejects.toThrow('x');
    await expect(lock.exclusive(fail)).rejects.toThrow('x');
    expect(await lock.shared(async () => 1)).toBe(1);
    expect(await lock.exclusive(async () => 2)).toBe(2);
  });
});
