// The progress of a work order: an answer has the loads of all stations since an earlier answer.
// Also tests the times in the report of the order.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OrderProgressJson } from '#protocol/orders/messages.ts';
import {
  exportFor,
  fetchReport,
  load,
  ORDER_PATH,
  OrderSetup,
  report,
  sendReceipt,
  stationUnit,
  unit,
} from '#test/support/orders.ts';

let service: OrderSetup;
let now: Date;
beforeEach(async () => {
  now = new Date();
  service = await OrderSetup.open({ now: () => now });
  await service.issue();
});
afterEach(() => service.close());

const progress = (seen?: string): Promise<OrderProgressJson> =>
  service.json(service.otto.token, `${ORDER_PATH}/progress${seen === undefined ? '' : `?seen=${seen}`}`);

describe('the progress of an order', () => {
  it('includes all stations, and then only the units that changed', async () => {
    await load(service.olga, unit(1));
    const first = await progress();
    expect(first).toMatchObject({ state: 'open', done: 1, time: now.toISOString() });
    expect(first.units).toEqual([{ sn: unit(1), exports: 1, proven: 1 }]);
    expect(await progress(first.version)).toMatchObject({ done: 1, units: [], version: first.version });
    const { request, answer } = await exportFor(service.olga, unit(2));
    const second = await progress(first.version);
    expect(second).toMatchObject({ done: 1, units: [{ sn: unit(2), exports: 1, proven: 0 }] });
    await sendReceipt(service.olga, request, answer);
    const third = await progress(second.version);
    expect(third).toMatchObject({ done: 2, units: [{ sn: unit(2), exports: 1, proven: 1 }] });
  });

  it('has every unit again after a restart, and for a version that this AS did not issue', async () => {
    await load(service.olga, unit(1));
    const { version } = await progress();
    expect(await progress('another-1')).toMatchObject({ done: 1, units: [{ sn: unit(1) }] });
    await service.reopen();
    expect(await progress(version)).toMatchObject({ done: 1, units: [{ sn: unit(1) }] });
  });

  it('states that the order is revoked or closed', async () => {
    await service.revoke();
    expect(await progress()).toMatchObject({ state: 'revoked', reason: 'laptop lost' });
    await report(service.olga, { absentReason: 'not delivered', close: true });
    expect(await progress()).toMatchObject({ state: 'closed' });
  });

  it('is refused to operators of other sets, and for a malformed version', async () => {
    const other = await service.addOperator('other', 'operator', { sets: [5] });
    expect(await service.problem(other, `${ORDER_PATH}/progress`)).toBe('order-unknown');
    expect(await service.problem(service.olga.token, `${ORDER_PATH}/progress?seen=a%20b`)).toBe('request-refused');
  });
});

describe('the times in the report', () => {
  it('are those of the loads that prove a unit, not those of a failed attempt at another station', async () => {
    const start = now.getTime();
    const at = (minutes: number): string => new Date(start + minutes * 60_000).toISOString();
    now = new Date(at(1));
    const { request, answer } = await exportFor(service.olga, unit(1));
    now = new Date(at(2));
    await sendReceipt(service.olga, request, answer);
    const failed = { outcome: 'failed', reason: 'no contact', begun: at(50), ended: at(51) } as const;
    await report(service.otto, { units: [stationUnit(unit(1), failed), stationUnit(unit(2), failed)] });
    await report(service.olga, { absentReason: 'not delivered', close: true });
    const { rows } = await fetchReport(service.olga);
    expect(rows.map(({ outcome, begun, ended }) => [outcome, begun, ended])).toEqual([
      ['done', at(1), at(2)],
      ['failed', at(50), at(51)],
      ['absent', null, null],
    ]);
  });
});
