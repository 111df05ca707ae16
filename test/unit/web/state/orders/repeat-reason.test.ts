// The reason for exporting a key to a unit again. It comes from the journal or from the operator,
// and the page never invents one.
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '#protocol/errors.ts';
import type { ExportRequest } from '#protocol/provisioning/key-source.ts';
import { newRow, rowAfter } from '#web/state/orders/order-rules.ts';
import { type Page, sn, TWO_LINES, unit, World, working } from './order-fixture.ts';

/**
 * Makes the AS require a reason for the key of slot `ref2`, as if another station had already
 * exported this key. Returns all later export requests.
 */
function asksFor(page: Page, ref2: number): ExportRequest[] {
  const requests: ExportRequest[] = [];
  const { exportKey } = page.bench.account;
  page.bench.account.exportKey = (request) => {
    requests.push(request);
    if (request.ref2 !== ref2 || request.reason !== undefined) return exportKey(request);
    return Promise.reject(new ProtocolError('reason-needed', 'exported before'));
  };
  return requests;
}

describe('an AS that requires a reason', () => {
  it('receives the reason of the operator, even after a reload', async () => {
    const world = new World([unit(1)]);
    const [cable = unit(1)] = world.cables;
    const first = await working(world);
    asksFor(first, 2);
    await first.plug(cable);
    expect(first.unit(cable).phase).toEqual({ is: 'reason' });
    expect(first.run.state.is).toBe('running');
    const page = await working(world);
    const requests = asksFor(page, 2);
    await page.plug(cable);
    expect(page.unit(cable).phase).toEqual({ is: 'reason' });
    expect(requests).toEqual([]);
    await page.run.retry(page.unit(cable), 'Repaired in the workshop');
    expect(page.unit(cable).phase).toEqual({ is: 'done', how: 'loaded' });
    expect(requests.map(({ reason }) => reason)).toEqual(['Repaired in the workshop']);
    expect(await page.store.unit(page.chain, sn(1))).not.toHaveProperty('needsReason');
  });

  it('receives the reason only for the key that requires it', async () => {
    const world = new World([unit(1)], TWO_LINES);
    const [cable = unit(1)] = world.cables;
    const page = await working(world);
    const requests = asksFor(page, 1);
    await page.plug(cable);
    expect(page.unit(cable).phase).toEqual({ is: 'reason' });
    await page.run.retry(page.unit(cable), 'Second board');
    expect(page.unit(cable).phase).toEqual({ is: 'done', how: 'loaded' });
    expect(requests.map(({ ref2, reason }) => [ref2, reason])).toEqual([
      [2, undefined],
      [1, undefined],
      [1, 'Second board'],
    ]);
  });

  it('receives the same reason again after the network failed, without asking the operator again', async () => {
    const world = new World([unit(1)]);
    const [cable = unit(1)] = world.cables;
    const page = await working(world);
    asksFor(page, 2);
    await page.plug(cable);
    const { exportKey } = page.bench.account;
    page.bench.account.exportKey = () => Promise.reject(new ProtocolError('service-unreachable', 'down'));
    await page.run.retry(page.unit(cable), 'Second board');
    expect(page.unit(cable).phase.is).toBe('failed');
    page.bench.account.exportKey = exportKey;
    await page.run.start();
    expect(page.unit(cable).phase).toEqual({ is: 'done', how: 'loaded' });
    expect(world.exports.map(({ reason }) => reason)).toEqual(['Second board']);
  });

  it('still requires the reason after another failure before the export', () => {
    const before = newRow(1, sn(1), 'running', '2026-11-23T12:00:00Z');
    const more = { isLast: true, took: 1, at: '2026-11-23T12:00:01Z' };
    const [two, one] = TWO_LINES;
    if (!two || !one) throw new TypeError('the order has two lines');
    const asked = { outcome: 'failed', stage: 'export', failure: { code: 'reason-needed' } } as const;
    const down = { outcome: 'failed', stage: 'export', failure: { code: 'service-unreachable' } } as const;
    const refused = { outcome: 'failed', stage: 'import', failure: { code: 'device-lost' } } as const;
    const row = rowAfter(rowAfter(before, two, asked, more), two, down, more);
    expect(row).toMatchObject({ needsReason: 2 });
    expect(rowAfter(row, two, refused, more)).not.toHaveProperty('needsReason');
    expect(rowAfter(row, one, refused, more)).toMatchObject({ needsReason: 2 });
  });
});
