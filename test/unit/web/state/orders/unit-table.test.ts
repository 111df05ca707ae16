// The row of a unit in the journal, where something else than its own lane writes it: a reason, or what became of its attempt later.
import { describe, expect, it } from 'vitest';
import type { OrderLine } from '#protocol/orders/order.ts';
import { ONE_LINE, sn, TWO_LINES, unit, World, working } from './order-fixture.ts';

describe('a reason for a unit that is here', () => {
  it('is refused while the unit is being loaded, and turns back nothing of it', async () => {
    const world = new World([1, 2].map(unit));
    const page = await working(world);
    const { account } = page.bench;
    const { exportKey } = account;
    let said: Promise<void> | undefined;
    account.exportKey = async (request) => {
      said ??= page.run.explain([2, 1].map((n) => ({ sn: sn(n), reason: 'Stolen' })));
      await expect(said).rejects.toMatchObject({ code: 'unit-at-work' });
      return await exportKey(request);
    };
    const [cable] = world.cables;
    if (cable) await page.plug(cable);
    expect(said).toBeDefined();
    expect(await page.store.unit(page.number, sn(1))).toMatchObject({ state: 'done' });
    expect((await page.store.unit(page.number, sn(1)))?.reason).toBeUndefined();
    expect(await page.store.unit(page.number, sn(2))).toBeUndefined();
    expect(page.run.counts).toMatchObject({ done: 1, absent: 0 });
  });

  it('is kept beside how the unit stands, also when it is tried again', async () => {
    const world = new World([unit(1)]);
    const page = await working(world);
    const cable = world.cables[0] ?? unit(1);
    page.bench.account.refuse('exportKey', 'service-unreachable');
    await page.plug(cable);
    await page.run.explain([{ sn: sn(1), reason: 'Cover is broken' }]);
    expect(page.work(cable).row).toEqual(await page.store.unit(page.number, sn(1)));
    expect(page.work(cable).row).toMatchObject({ state: 'failed', reason: 'Cover is broken' });
    expect(page.run.counts).toMatchObject({ failed: 1, absent: 0 });
  });
});

describe('a row that a page left behind', () => {
  const verified = { step: 'verify', state: 'confirmed', time: '2026-01-02T03:04:05Z' } as const;

  /** A station whose unit took the key of a line, with a receipt that nobody verified. */
  async function unverified(lines: readonly OrderLine[]) {
    const world = new World([unit(1)], lines);
    const page = await working(world);
    page.bench.account.refuse('verifyReceipt', 'service-unreachable');
    await page.plug(...world.cables);
    const row = await page.store.unit(page.number, sn(1));
    if (row?.attempt === undefined) throw new TypeError('there is an attempt');
    expect(row.state).toBe('unknown');
    return { page, row, attempt: row.attempt };
  }

  it('is done once a verdict has come for its last line, for example with a returned vault', async () => {
    const { page, attempt } = await unverified(ONE_LINE);
    await page.run.reconcile();
    expect(page.run.counts).toMatchObject({ unknown: 1, done: 0 });
    await page.bench.journal.append(attempt, verified);
    await page.run.reconcile();
    expect(await page.store.unit(page.number, sn(1))).toMatchObject({ state: 'done', attempt });
    expect((await page.store.unit(page.number, sn(1)))?.failure).toBeUndefined();
    expect(page.run.counts).toMatchObject({ unknown: 0, done: 1 });
    expect(await page.store.check(page.number)).toBeUndefined();
  });

  it('is never failed when the attempt on it is done: with more lines to come, its slots are to say', async () => {
    for (const [lines, state] of [
      [ONE_LINE, 'done'],
      [TWO_LINES, 'unknown'],
    ] as const) {
      const { page, row, attempt } = await unverified(lines);
      await page.bench.journal.append(attempt, verified, { unit: { ...row, state: 'running' } });
      await page.run.reconcile();
      expect(await page.store.unit(page.number, sn(1))).toMatchObject({ state });
    }
  });
});
