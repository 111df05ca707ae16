// Tests closing the open order, and the station report that the page sends to the AS, with a real
// journal.
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import type { StationReportJson, StationUnitJson } from '#protocol/orders/requests.ts';
import { NOW } from '#test/unit/web/state/station/station-fixture.ts';
import type { Failure } from '#web/state/common/failure.ts';
import { OpenOrder, type OpenOrderOptions } from '#web/state/orders/open-order.svelte.ts';
import { ONE_LINE, sn, unit, World } from './order-fixture.ts';

/**
 * Opens an order for two units. The AS accepts every report, but finds that the order does not
 * balance.
 */
async function openOrder() {
  const world = new World([1, 2].map(unit), ONE_LINE);
  const page = await world.open();
  await page.start();
  const reports: (readonly StationUnitJson[])[] = [];
  const closings: boolean[] = [];
  const atAs = { beforeAnswer: async (): Promise<void> => undefined };
  const remote = {
    progress: async () => ({ state: 'open', version: 'v1', done: 0, units: [] }),
    report: async (_: string, { units, close }: Pick<StationReportJson, 'units' | 'close'>) => {
      reports.push(units);
      closings.push(close);
      await atAs.beforeAnswer();
      return { closed: false };
    },
  };
  const { station, journal } = page.bench;
  const order = new OpenOrder({
    station,
    remote,
    journal,
    store: page.store,
    feedback: { give: () => undefined },
    now: NOW,
    ticks: () => 0,
    app: async () => ({ version: '1', build: 'b' }),
    wordsOf: async ({ code }: Failure) => `Words for ${code}.`,
    head: () => null,
    order: world.order,
    record: { order: page.chain },
    counts: await page.store.counts(page.chain),
    elsewhere: new Set(),
  } as unknown as OpenOrderOptions);
  station.assign(order.run);
  return { page, order, reports, closings, atAs, cables: world.cables };
}

describe('closing an order', () => {
  it('reports a verdict that arrived after the unit was unplugged, and the reasons of the operator', async () => {
    const { page, order, reports, cables } = await openOrder();
    await order.run.start();
    page.bench.account.refuse('verifyReceipt', 'service-unreachable');
    const [cable] = cables;
    if (cable) await page.plug(cable);
    const attempt = (await page.store.unit(page.chain, sn(1)))?.attempt ?? 0;
    await page.bench.journal.append(attempt, { step: 'verify', state: 'confirmed', time: '2026-01-02T03:04:05Z' });
    await order.close('', [{ sn: sn(2), reason: 'Stolen' }]);
    expect(order.failure).toBeUndefined();
    expect(reports).toMatchObject([
      [
        { sn: sn(1), outcome: 'done', reason: null },
        { sn: sn(2), outcome: 'absent', reason: 'Stolen' },
      ],
    ]);
  });

  it('is only a question to the AS while units are not done, until the operator confirms it', async () => {
    const { order, closings } = await openOrder();
    await order.requestClosing();
    expect(closings).toEqual([false]);
    expect(order.closing).toEqual({ closed: false });
    order.cancelClosing();
    expect(order.closing).toBeUndefined();
    await order.close('Lost');
    expect(closings).toEqual([false, true]);
  });

  it('shows no answer of the AS that arrives after the order was started again', async () => {
    const { order, closings, atAs } = await openOrder();
    atAs.beforeAnswer = () => order.run.start();
    await order.requestClosing();
    expect(order.run.state.is).toBe('running');
    expect(closings).toEqual([false]);
    expect(order.closing).toBeUndefined();
  });

  it('needs no confirmation when every unit is done', async () => {
    const { page, order, closings, cables } = await openOrder();
    await order.run.start();
    await page.plug(...cables);
    await order.requestClosing();
    expect(closings).toEqual([true]);
  });

  it('reports an attached unit that waits for its load as not loaded, never as absent', async () => {
    const { page, order, reports, cables } = await openOrder();
    await page.plug(...cables.slice(0, 1), unit(77));
    expect(page.bench.station.lanes).toHaveLength(2);
    const waiting = { sn: sn(1), outcome: 'failed' };
    await order.requestClosing();
    expect(reports).toEqual([[{ ...waiting, reason: null, begun: null, ended: null }]]);
    await order.close('Lost', [{ sn: sn(1), outcome: 'failed', reason: 'No time left' }]);
    expect(reports[1]).toMatchObject([{ ...waiting, reason: 'No time left' }]);
    expect(order.run.counts.here).toMatchObject({ failed: 1, absent: 0 });
  });

  it('keeps the outcome that another station reported for a unit that this station has not seen', async () => {
    const { order, reports } = await openOrder();
    await order.close('', [
      { sn: sn(1), outcome: 'unknown', reason: 'The other station stopped' },
      { sn: sn(2), reason: 'Lost' },
    ]);
    expect(reports[0]).toMatchObject([{ outcome: 'unknown' }, { outcome: 'absent' }]);
  });

  it('reports a failure in words, with its code', async () => {
    const { page, order, reports, cables } = await openOrder();
    await order.run.start();
    page.bench.account.refuse('exportKey', 'service-nonsense');
    const [cable] = cables;
    if (cable) await page.plug(cable);
    await order.close('', [{ sn: sn(2), reason: 'Stolen' }]);
    const reason = 'Words for service-nonsense. (service-nonsense)';
    expect(reports[0]?.[0]).toMatchObject({ sn: sn(1), outcome: 'failed', reason });
  });

  it('reports nothing when a reason cannot be written, and shows the failure', async () => {
    const { page, order, reports } = await openOrder();
    page.bench.journal.note = () => Promise.reject(new ProtocolError('journal-full', 'no space'));
    await order.close('', [{ sn: sn(2), reason: 'Stolen' }]);
    expect(order.failure).toEqual({ code: 'journal-full' });
    expect(order.isBusy).toBe(false);
    expect(reports).toEqual([]);
  });
});
