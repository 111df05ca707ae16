// Opening, reopening and leaving an order, and how the page follows the open order at its AS.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import { attached } from '#test/unit/web/state/station/station-fixture.ts';
import { BYTES_PER_LOAD, MIN_FREE_BYTES } from '#web/journal/storage-quota.ts';
import { sn, unit } from './order-fixture.ts';
import { createOrders, DOCUMENT, ORDER } from './orders-fixture.ts';

const CHECK_MS = 10_000;
const SETTING = 'keyferry.order';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

/** Runs the checks that are due after `ms`, and what they start. */
async function pass(ms: number): Promise<void> {
  vi.advanceTimersByTime(ms);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('an order that the operator opens', () => {
  it('is read from the AS, recorded, and shown with the units that are attached, but not started', async () => {
    const { orders, bench, remote, settings, atAs, steps } = await createOrders();
    await attached(bench, unit(1), 1);
    expect([orders.current, orders.space, orders.isBusy]).toEqual([undefined, undefined, false]);
    await orders.open(atAs);
    expect([orders.failure, orders.isBusy]).toEqual([undefined, false]);
    expect(remote.read.mock.calls).toEqual([['4711']]);
    const { current } = orders;
    expect(current?.order).toEqual(ORDER);
    expect(bench.station.loader).toBe(current?.run);
    expect(current?.run.units.map((each) => [each.sn, each.phase.is])).toEqual([[sn(1), 'waiting']]);
    expect(current).toMatchObject({ isReadOnly: false, lacksSpace: false, isComplete: false, report: undefined });
    expect([settings.get(SETTING), orders.space?.freeBytes]).toEqual(['1', 1e9]);
    expect(steps()).toEqual(['order-opened']);
    expect(remote.progress).toHaveBeenCalledOnce();
  });

  it('is started at once if the site says so, and then stays paused until the operator goes on', async () => {
    const { orders, bench, atAs, steps } = await createOrders({ startsAlone: true });
    await attached(bench, unit(1), 1);
    await orders.open(atAs);
    const { current } = orders;
    expect(current?.run.units.map((each) => [each.sn, each.phase.is])).toEqual([[sn(1), 'done']]);
    expect(steps().slice(0, 2)).toEqual(['order-opened', 'order-resumed']);
    await attached(bench, unit(2), 2);
    expect(current?.run.counts.done).toBe(2);
    await current?.run.pause();
    await attached(bench, unit(3), 3);
    expect([current?.run.counts.done, current?.run.state.is]).toEqual([2, 'paused']);
  });

  it('is recorded with the operator, or without one', async () => {
    const { orders, bench, here, atAs } = await createOrders();
    const note = vi.mocked(bench.journal.note);
    await orders.open(atAs);
    bench.session.signOut();
    await orders.open(await here());
    expect(note.mock.calls.filter(([, { step }]) => step === 'order-opened')).toEqual([
      [1, { step: 'order-opened', operator: 'ada' }],
      [1, { step: 'order-opened', operator: '' }],
    ]);
  });

  it('is read from the journal if this station has it, and shows how it has ended', async () => {
    const { orders, remote, atAs, here, store } = await createOrders();
    await orders.open(atAs);
    await orders.open(await here());
    expect(remote.read).toHaveBeenCalledOnce();
    expect(orders.current?.run.ended).toBeUndefined();
    await orders.open(await here('revoked'));
    expect([orders.current?.run.ended, orders.current?.isReadOnly]).toEqual(['revoked', true]);
    await store.end(1, 'revoked');
    await orders.open(await here('open'));
    expect(orders.current?.run.ended).toBe('revoked');
    await store.close(1, 'the report');
    await orders.open(await here('open'));
    expect([orders.current?.run.ended, orders.current?.report]).toEqual(['closed', 'the report']);
  });

  it('counts the units as done for which the AS has the receipts of all lines', async () => {
    const { orders, remote, atAs } = await createOrders();
    const units = [
      { sn: sn(1), proven: 1 },
      { sn: sn(2), proven: 0 },
      { sn: sn(3), proven: 2 },
    ];
    remote.read.mockResolvedValueOnce({ document: DOCUMENT, order: ORDER, state: 'open', reason: null, units });
    await orders.open(atAs);
    expect([...(orders.current?.run.counts.elsewhere ?? [])]).toEqual([sn(1), sn(3)]);
  });

  it.each([
    [MIN_FREE_BYTES + 3 * BYTES_PER_LOAD, false],
    [MIN_FREE_BYTES + 3 * BYTES_PER_LOAD - 1, true],
  ])('with %i free bytes lacks space: %s', async (freeBytes, lacksSpace) => {
    const { orders, page, atAs } = await createOrders();
    page.freeBytes = freeBytes;
    await orders.open(atAs);
    expect(orders.current?.lacksSpace).toBe(lacksSpace);
  });

  it('comes from a file whose signature is verified', async () => {
    const { orders, remote, settings } = await createOrders();
    await orders.openFile(new File([DOCUMENT], 'order.json'));
    expect(remote.open.mock.calls).toEqual([[DOCUMENT]]);
    expect(orders.current?.order).toEqual(ORDER);
    remote.open.mockRejectedValueOnce(new ProtocolError('order-unknown', 'scripted'));
    await orders.openFile(new File([DOCUMENT], 'order.json'));
    expect(orders.failure).toEqual({ code: 'order-unknown' });
    expect(settings.get(SETTING)).toBe('1');
  });

  it('pauses the order that was open, which is no longer followed', async () => {
    const { orders, remote, atAs, here } = await createOrders();
    await orders.open(atAs);
    const before = orders.current;
    await before?.run.start();
    await orders.open(await here());
    expect(orders.current).not.toBe(before);
    expect(before?.run.state).toEqual({ is: 'paused' });
    remote.progress.mockClear();
    await pass(CHECK_MS);
    expect(remote.progress).toHaveBeenCalledOnce();
  });

  it('ends the session if the AS requires a new sign-in', async () => {
    const { orders, bench, remote, atAs } = await createOrders();
    remote.read.mockRejectedValueOnce(new ProtocolError('signed-out', 'scripted'));
    await orders.open(atAs);
    expect([orders.failure, orders.current]).toEqual([{ code: 'signed-out' }, undefined]);
    expect(bench.session.signedIn).toBeUndefined();
  });
});

describe('the order that was open before a reload', () => {
  it('is opened again, paused', async () => {
    const { orders, bench, store, remote, settings } = await createOrders();
    await orders.reopen();
    expect(orders.current).toBeUndefined();
    await store.save('another order', DOCUMENT);
    const { order } = await store.save('Test AS 0 4711', DOCUMENT);
    settings.set(SETTING, String(order));
    await orders.reopen();
    expect(orders.current?.run.state).toEqual({ is: 'paused' });
    expect(bench.station.loader).toBe(orders.current?.run);
    expect(remote.read).not.toHaveBeenCalled();
    const { current } = orders;
    await orders.reopen();
    expect(orders.current).toBe(current);
  });

  it.each([
    ['has been closed', 'closed'],
    ['has been revoked', 'revoked'],
    ['is not in the journal', undefined],
  ] as const)('is not opened if it %s', async (_, ended) => {
    const { orders, store, settings } = await createOrders();
    const { order } = await store.save('Test AS 0 4711', DOCUMENT);
    if (ended === 'closed') await store.close(order, 'the report');
    else if (ended) await store.end(order, ended);
    settings.set(SETTING, ended ? String(order) : '9');
    await orders.reopen();
    expect([orders.current, orders.failure]).toEqual([undefined, undefined]);
  });
});

describe('an order that the operator leaves', () => {
  it('is paused, is no longer followed, and is not opened after a reload', async () => {
    const { orders, bench, remote, settings, atAs } = await createOrders();
    await orders.open(atAs);
    const run = orders.current?.run;
    await run?.start();
    await orders.leave();
    expect([orders.current, bench.station.loader, settings.size]).toEqual([undefined, undefined, 0]);
    expect(run?.state).toEqual({ is: 'paused' });
    expect(orders.rows.here).toMatchObject([{ id: '4711', isCurrent: false }]);
    remote.progress.mockClear();
    await pass(3 * CHECK_MS);
    expect(remote.progress).not.toHaveBeenCalled();
  });
});

describe('the open order', () => {
  it('is asked for at its AS after a sign-in, at most every 3 s', async () => {
    const { orders, bench, remote, page, atAs } = await createOrders();
    await orders.open(atAs);
    remote.progress.mockClear();
    page.ticks = 2999;
    await bench.station.settle();
    expect(remote.progress).not.toHaveBeenCalled();
    page.ticks = 3000;
    await bench.station.settle();
    expect(remote.progress).toHaveBeenCalledOnce();
  });

  it('is followed every 10 s and when the page becomes visible, but not in a hidden page', async () => {
    const { orders, remote, page, listeners, atAs } = await createOrders();
    listeners.visibilitychange?.();
    await pass(CHECK_MS);
    expect(remote.progress).not.toHaveBeenCalled();
    await orders.open(atAs);
    const asked = () => remote.progress.mock.calls.length;
    expect(asked()).toBe(1);
    await pass(CHECK_MS - 1);
    expect(asked()).toBe(1);
    await pass(1);
    expect(asked()).toBe(2);
    page.visibilityState = 'hidden';
    await pass(CHECK_MS);
    expect(asked()).toBe(2);
    page.visibilityState = 'visible';
    listeners.visibilitychange?.();
    await pass(0);
    expect(asked()).toBe(3);
  });

  it('is followed in a hidden page while the run waits for an answer, and when the network returns', async () => {
    const { orders, remote, page, listeners, atAs } = await createOrders();
    await orders.open(atAs);
    page.visibilityState = 'hidden';
    remote.progress.mockRejectedValueOnce(new ProtocolError('service-unreachable', 'scripted'));
    listeners.online?.();
    await pass(0);
    expect(orders.current?.remote).toMatchObject({ isAwaited: true, failure: { code: 'service-unreachable' } });
    await pass(CHECK_MS);
    expect(remote.progress).toHaveBeenCalledTimes(3);
    expect(orders.current?.remote).toMatchObject({ isAwaited: false, failure: undefined });
  });

  it('starts to load when its period begins', async () => {
    const { orders, atAs } = await createOrders();
    await orders.open(atAs);
    const check = vi.spyOn(orders.current?.run ?? expect.fail('no order'), 'checkValidity');
    await pass(CHECK_MS);
    expect(check).toHaveBeenCalledOnce();
  });

  it('is the current one in the list', async () => {
    const { orders, atAs } = await createOrders();
    await orders.open(atAs);
    await orders.refresh();
    expect(orders.rows.here).toMatchObject([{ id: '4711', isCurrent: true, title: ORDER.title }]);
    expect(orders.rows.atAs).toEqual([]);
  });
});

describe('the report of a closed order', () => {
  it('is read from the journal, or else from the AS, until it is cleared', async () => {
    const { orders, remote, store, atAs, here } = await createOrders();
    await orders.readReport(atAs);
    expect([orders.report, remote.reportFile.mock.calls]).toEqual(['the report', [['4711']]]);
    remote.reportFile.mockRejectedValueOnce(new ProtocolError('service-unreachable', 'scripted'));
    await orders.readReport(atAs);
    expect([orders.report, orders.failure]).toEqual([undefined, { code: 'service-unreachable' }]);
    const { order } = await store.save('Test AS 0 4711', DOCUMENT);
    await store.close(order, 'the stored report');
    await orders.readReport(await here());
    expect([orders.report, orders.failure]).toEqual(['the stored report', undefined]);
    expect(remote.reportFile).toHaveBeenCalledTimes(2);
    orders.clearReport();
    expect(orders.report).toBeUndefined();
    await orders.readReport(await here());
    await orders.open(atAs);
    expect(orders.report).toBeUndefined();
  });

  it('ends the requests for the progress of the order', async () => {
    const { orders, remote, store, here, atAs } = await createOrders();
    await orders.open(atAs);
    await store.close(1, 'the report');
    await orders.open(await here());
    remote.progress.mockClear();
    await pass(CHECK_MS);
    expect(remote.progress).not.toHaveBeenCalled();
  });
});
