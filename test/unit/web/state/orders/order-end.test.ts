// The end of the open order: closing it with a report, and an end that the AS reports.
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { attached } from '#test/unit/web/state/station/station-fixture.ts';
import { stateCounts } from '#web/state/order-board/state-counts.ts';
import type { OpenOrder } from '#web/state/orders/open-order.svelte.ts';
import { sn, unit } from './order-fixture.ts';
import { createOrders, DOCUMENT, ORDER } from './orders-fixture.ts';

async function opened() {
  const made = await createOrders();
  await made.orders.open(made.atAs);
  const order: OpenOrder | undefined = made.orders.current;
  if (!order) throw new TypeError('no order');
  made.remote.progress.mockClear();
  return { ...made, order };
}

const OPEN = { state: 'open', version: 'v1', done: 0, units: [] };

describe('an order that is closed', () => {
  it('has its report, and is recorded as closed', async () => {
    const { order, remote, store, steps } = await opened();
    remote.report.mockResolvedValueOnce({ closed: true });
    await order.close('  In the stores ');
    expect([order.failure, order.isBusy]).toEqual([undefined, false]);
    expect(order).toMatchObject({ report: 'the report', isReadOnly: true, closing: { closed: true } });
    expect(order.run.ended).toBe('closed');
    expect((await store.list())[0]).toMatchObject({ endedAs: 'closed', report: 'the report' });
    expect(steps().at(-1)).toBe('order-closed');
    expect(remote.report.mock.calls).toEqual([
      [
        ORDER.id,
        {
          ...{ app: { version: '1', build: 'b' }, head: { sequence: 7 }, units: [] },
          ...{ absentReason: 'In the stores', close: true },
        },
      ],
    ]);
    await order.close('again');
    await order.requestClosing();
    expect(remote.report).toHaveBeenCalledOnce();
    expect(remote.reportFile).toHaveBeenCalledOnce();
  });

  it('lists each unit as its report does', async () => {
    const { order, remote } = await opened();
    expect(await order.lists.csv()).toContain(`${sn(2)},unseen,`);
    const rows = [{ sn: sn(2), outcome: 'absent', reason: 'In the stores', loads: [] }];
    remote.reportFile.mockResolvedValueOnce(JSON.stringify({ rows }));
    remote.report.mockResolvedValueOnce({ closed: true });
    await order.close('In the stores');
    expect(await order.lists.csv()).toContain(`${sn(2)},absent,In the stores,`);
    expect(stateCounts(order.run.counts, new Map(), order.reported)).toEqual([['absent', 1]]);
  });

  it('has no reason for absent units if the operator gave none', async () => {
    const { order, remote } = await opened();
    await order.close('   ');
    expect(remote.report.mock.calls).toMatchObject([[ORDER.id, { absentReason: null, close: true }]]);
    expect(order).toMatchObject({ closing: { closed: false }, report: undefined, isReadOnly: false });
  });

  it('pauses the run first, and cannot be closed during a load', async () => {
    const { order, bench, remote } = await opened();
    await order.run.start();
    const { exportKey } = bench.account;
    let closing: Promise<void> | undefined;
    bench.account.exportKey = async (request) => {
      closing = order.close('Lost');
      await expect(closing).rejects.toThrow(RangeError);
      return await exportKey(request);
    };
    await attached(bench, unit(1), 1);
    expect(closing).toBeDefined();
    expect(remote.report).not.toHaveBeenCalled();
    await order.close('Lost');
    expect(order.run.state).toEqual({ is: 'paused' });
  });

  it('gets its report later if the AS did not send it', async () => {
    const { order, remote } = await opened();
    remote.report.mockResolvedValueOnce({ closed: true });
    remote.reportFile.mockRejectedValueOnce(new ProtocolError('service-timeout', 'scripted'));
    await order.close('Lost');
    expect([order.failure, order.report, order.run.ended]).toEqual([{ code: 'service-timeout' }, undefined, 'closed']);
    remote.progress.mockResolvedValue({ ...OPEN, state: 'closed' });
    await order.remote.follow();
    expect(order.report).toBe('the report');
    await order.remote.follow();
    expect(remote.reportFile).toHaveBeenCalledTimes(2);
  });

  it('ends the session if the AS requires a new sign-in', async () => {
    const { order, remote, bench } = await opened();
    remote.report.mockRejectedValueOnce(new ProtocolError('signed-out', 'scripted'));
    await order.close('Lost');
    expect([order.failure, bench.session.signedIn]).toEqual([{ code: 'signed-out' }, undefined]);
  });

  it('refuses reasons for its units', async () => {
    const { order, remote } = await opened();
    remote.report.mockResolvedValueOnce({ closed: true });
    await order.close('Lost');
    await order.lists.importReasons(new File([`SN,REASON\n${sn(1)},Lost\n`], 'reasons.csv'));
    expect(order.lists.failure).toEqual({ code: 'order-ended' });
  });
});

describe('an order that the AS has revoked', () => {
  it('has no report, and is recorded once', async () => {
    const { order, remote, store, steps } = await opened();
    remote.progress.mockResolvedValue({ ...OPEN, state: 'revoked' });
    await order.remote.follow();
    await order.remote.follow();
    expect([order.run.ended, order.report]).toEqual(['revoked', undefined]);
    expect((await store.list())[0]).toMatchObject({ endedAs: 'revoked' });
    expect(steps().filter((step) => step === 'order-revoked')).toHaveLength(1);
    expect(remote.reportFile).not.toHaveBeenCalled();
  });
});

describe('an order of which every unit is done', () => {
  it('is complete, and lacks proofs while the AS has fewer receipts than this station', async () => {
    const { orders, remote, bench } = await createOrders();
    const one = { ...ORDER, units: [[sn(1), sn(1)]] as const, count: 1 };
    remote.read.mockResolvedValueOnce({ document: DOCUMENT, order: one, state: 'open', reason: null, units: [] });
    await orders.open({ id: '4711', state: 'open', stored: undefined } as never);
    const { current: order } = orders;
    if (!order) throw new TypeError('no order');
    expect([order.isComplete, order.hasUnproven]).toEqual([false, false]);
    await order.run.start();
    await attached(bench, unit(1), 1);
    expect([order.isComplete, order.hasUnproven]).toEqual([true, true]);
    remote.progress.mockResolvedValue({ ...OPEN, version: 'v2', done: 1, units: [{ sn: sn(1), proven: 1 }] });
    await order.remote.follow();
    expect([order.remote.proven, order.hasUnproven]).toEqual([1, false]);
    bench.session.signOut();
    expect([order.remote.isAvailable, order.hasUnproven]).toEqual([false, false]);
  });

  it('has no proof before the AS has answered', async () => {
    const { orders, remote, atAs } = await createOrders();
    remote.progress.mockRejectedValue(new ProtocolError('service-unreachable', 'scripted'));
    await orders.open(atAs);
    expect(orders.current?.remote).toMatchObject({ proven: 0, failure: { code: 'service-unreachable' } });
  });

  it('is followed only at its own AS', async () => {
    const { orders, remote, atAs } = await createOrders();
    const other = { ...ORDER, asNumber: ORDER.asNumber + 1 };
    remote.read.mockResolvedValueOnce({ document: DOCUMENT, order: other, state: 'open', reason: null, units: [] });
    await orders.open(atAs);
    expect(orders.current?.remote.isAvailable).toBe(false);
    expect(remote.progress).not.toHaveBeenCalled();
  });
});
