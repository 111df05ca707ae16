// Work orders with texts that version 0.1.0 stored and that the service refuses today. The page can
// read the orders and their reports, and finds an order by any Unicode form of its id.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runAdminRequest } from '#as-service/cli/admin-requests.ts';
import { decodeExport, encodeExport } from '#as-service/ledger/ledger.ts';
import { encodePart, type StationPart } from '#as-service/orders/order-ledger.ts';
import { read } from '#protocol/json/schema.ts';
import { orderProgressSchema, orderSchema, workOrdersSchema } from '#protocol/orders/messages.ts';
import { problemSchema } from '#protocol/service/messages.ts';
import {
  exportFor,
  fetchReport,
  judge,
  load,
  newOrder,
  ORDER_PATH,
  OrderSetup,
  report,
  stationUnit,
  unit,
} from '#test/support/orders.ts';

/** A reason that is refused today. The command line of version 0.1.0 accepted any text. */
const LONG = `line 1\nline 2\t${'x'.repeat(600)}`;
const REPAIRED = `line 1 line 2 ${'x'.repeat(486)}`;
const cli = { name: 'cli test' };

let service: OrderSetup;
beforeEach(async () => {
  service = await OrderSetup.open();
});
afterEach(() => service.close());

describe('a reason of version 0.1.0', () => {
  it('of a revocation does not make the order unreadable', async () => {
    await service.issue();
    await service.as.orders.revoke('JOB-4711', LONG, cli);
    await service.reopen();
    const answer = await service.show();
    expect(read(orderSchema, answer, 'order', 'service-nonsense')).toMatchObject({
      state: 'revoked',
      reason: REPAIRED,
    });
    const progress = await service.json<object>(service.olga.token, `${ORDER_PATH}/progress`);
    expect(read(orderProgressSchema, progress, 'progress', 'service-nonsense').reason).toBe(REPAIRED);
    const { request } = await exportFor(service.olga, unit(1));
    const problem = await service.json<object>(service.olga.token, '/v1/exports', request);
    expect(read(problemSchema, problem, 'problem', 'service-nonsense').detail).toContain(REPAIRED);
  });

  it.each([
    ['is repaired', LONG, REPAIRED],
    ['of which nothing can be shown is named', '\ufffd\u202e', 'a reason that cannot be shown'],
  ])('of absent units %s, and the report is genuine', async (_name, reason, repaired) => {
    await service.issue();
    await load(service.olga, unit(1));
    expect((await service.as.orders.close('JOB-4711', reason, cli)).closed).toBe(true);
    await service.reopen();
    const { rows } = await fetchReport(service.olga);
    expect(rows.map((row) => row.reason)).toEqual([null, repaired, repaired]);
    expect((await judge(service.as, await fetchReport(service.olga))).faults).toEqual([]);
  });

  it('of a station is repaired, and a blank one still counts as none', async () => {
    await service.issue();
    const units = [
      stationUnit(unit(1), { outcome: 'failed', reason: LONG }),
      stationUnit(unit(2), { outcome: 'failed', reason: ' ' }),
    ];
    const part: StationPart = { app: { version: '0.1.0', build: 'x' }, head: null, units, absentReason: ' ' };
    const details = { workOrder: 'JOB-4711', units: 2, build: 'x' };
    await service.as.log.append({ event: 'work-order-reported', actor: 'olga', details, record: encodePart(part) });
    await service.reopen();
    const { balance } = await report(service.otto, { close: true });
    expect(balance.gaps.map(({ reason }) => reason)).toEqual([REPAIRED, null, null]);
    expect(balance.missing.map(({ sn }) => sn)).toEqual([unit(2), unit(3)]);
  });

  it('of a second export is repaired', async () => {
    await service.issue({ units: [unit(1)] });
    await load(service.olga, unit(1));
    const [entry] = [...service.as.ledger.exportsOf('JOB-4711')];
    if (entry === undefined) throw new TypeError('no export');
    const origin = { operator: 'olga', workOrder: 'JOB-4711', reason: LONG, idempotencyKey: 'x', requestHash: 'x' };
    expect(decodeExport(encodeExport(entry, origin)).origin.reason).toBe(REPAIRED);
  });
});

describe('an order of version 0.1.0 whose id is not in NFC', () => {
  const stored = ' Ka\u0308ln\u00a07';
  const typed = 'Käln 7';
  const path = (id: string, rest = '') => `/v1/work-orders/${encodeURIComponent(id)}${rest}`;
  beforeEach(async () => {
    await service.as.orders.issue(newOrder({ id: stored, title: 'Ka\u0308ln \u202e7' }), cli);
    await service.reopen();
  });

  it('is listed, and found under its id in both forms', async () => {
    const list = await service.json<object>(service.olga.token, '/v1/work-orders');
    expect(read(workOrdersSchema, list, 'list', 'service-nonsense').workOrders).toMatchObject([{ workOrder: stored }]);
    for (const id of [stored, typed, stored.trim()]) {
      expect(await service.show(service.olga.token, path(id))).toMatchObject({ state: 'open' });
      expect(await runAdminRequest(service.as, 'test', { command: 'order show', id, path: null })).toContainEqual(
        expect.stringContaining('open'),
      );
    }
  });

  it('leaves no room for another order with the same text as its id', async () => {
    expect(await service.problem(service.custodian, '/v1/work-orders', newOrder({ id: typed }))).toBe(
      'request-refused',
    );
  });

  it('is worked, reported and closed under the other form, which records the id of the order', async () => {
    await load(service.olga, unit(1), { workOrder: typed });
    expect((await service.exportRefusal(unit(4), { workOrder: typed }))[0]).toBe('unit-not-listed');
    expect((await service.exportRefusal(unit(1), { workOrder: typed }))[0]).toBe('reason-needed');
    await report(service.olga, { units: [stationUnit(unit(2), { outcome: 'failed', reason: 'no answer' })] }, typed);
    expect(await report(service.otto, { absentReason: 'late', close: true }, typed)).toMatchObject({ closed: true });
    await service.reopen();
    const given = await fetchReport(service.olga, typed);
    expect(given.rows.map(({ outcome }) => outcome)).toEqual(['done', 'failed', 'absent']);
    expect((await judge(service.as, given)).faults).toEqual([]);
    const named = (await service.events()).flatMap(({ details }) => details.workOrder ?? []);
    expect(new Set(named)).toEqual(new Set([stored]));
  });

  it('is revoked under the other form', async () => {
    expect((await service.call(service.custodian, path(typed, '/revoke'), { reason: 'lost' })).status).toBe(200);
    await service.reopen();
    expect(await service.show(service.olga.token, path(stored))).toMatchObject({ state: 'revoked' });
  });
});
