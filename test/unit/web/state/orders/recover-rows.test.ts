// Changes of a unit's row that no load makes: a reason from the operator, and the recovery of the
// row from the journal.
import { describe, expect, it, vi } from 'vitest';
import type { OrderLine } from '#protocol/orders/order.ts';
import { NOW } from '#test/unit/web/state/station/station-fixture.ts';
import { ONE_LINE, sn, TWO_LINES, unit, World, working } from './order-fixture.ts';

describe('a reason for an attached unit', () => {
  it('is refused while the unit is loaded, together with all other reasons', async () => {
    const world = new World([1, 2].map(unit));
    const page = await working(world);
    const { account } = page.bench;
    const { exportKey } = account;
    let explained: Promise<void> | undefined;
    account.exportKey = async (request) => {
      explained ??= page.run.explain([2, 1].map((n) => ({ sn: sn(n), reason: 'Stolen' })));
      await expect(explained).rejects.toMatchObject({ code: 'unit-at-work' });
      return await exportKey(request);
    };
    const [cable] = world.cables;
    if (cable) await page.plug(cable);
    expect(explained).toBeDefined();
    expect(await page.store.unit(page.chain, sn(1))).toMatchObject({ state: 'done' });
    expect((await page.store.unit(page.chain, sn(1)))?.reason).toBeUndefined();
    expect(await page.store.unit(page.chain, sn(2))).toBeUndefined();
    expect(page.run.counts.here).toMatchObject({ done: 1, absent: 0 });
  });

  it('is stored in addition to the state of the unit', async () => {
    const world = new World([unit(1)]);
    const page = await working(world);
    const cable = world.cables[0] ?? unit(1);
    page.bench.account.refuse('exportKey', 'service-unreachable');
    await page.plug(cable);
    await page.run.explain([{ sn: sn(1), reason: 'Cover is broken' }]);
    expect(page.unit(cable).row).toEqual(await page.store.unit(page.chain, sn(1)));
    expect(page.unit(cable).row).toMatchObject({ state: 'failed', reason: 'Cover is broken' });
    expect(page.run.counts.here).toMatchObject({ failed: 1, absent: 0 });
  });
});

describe('a row that an earlier page left', () => {
  const verified = { step: 'verify', state: 'confirmed', time: '2026-01-02T03:04:05Z' } as const;

  /** Creates a station with a unit that was loaded, but whose receipt is not verified. */
  async function unverified(lines: readonly OrderLine[]) {
    const world = new World([unit(1)], lines);
    const page = await working(world);
    page.bench.account.refuse('verifyReceipt', 'service-unreachable');
    await page.plug(...world.cables);
    const row = await page.store.unit(page.chain, sn(1));
    if (row?.attempt === undefined) throw new TypeError('the row has no attempt');
    expect(row.state).toBe('unknown');
    return { page, row, attempt: row.attempt };
  }

  it('becomes "done" when the verdict on its last line arrives, for example with a returned vault journal', async () => {
    const { page, attempt } = await unverified(ONE_LINE);
    await page.run.reconcile();
    expect(page.run.counts.here).toMatchObject({ unknown: 1, done: 0 });
    await page.bench.journal.append(attempt, verified);
    await page.run.reconcile();
    expect(await page.store.unit(page.chain, sn(1))).toMatchObject({ state: 'done', attempt });
    expect((await page.store.unit(page.chain, sn(1)))?.failure).toBeUndefined();
    expect(page.run.counts.here).toMatchObject({ unknown: 0, done: 1 });
    expect(await page.store.check(page.chain)).toBeUndefined();
  });

  it('becomes "done" when its attempt is done, or "unknown" if it has more lines', async () => {
    for (const [lines, state] of [
      [ONE_LINE, 'done'],
      [TWO_LINES, 'unknown'],
    ] as const) {
      const { page, row, attempt } = await unverified(lines);
      await page.bench.journal.append(attempt, verified, { unit: { ...row, state: 'running' } });
      await page.run.reconcile();
      expect(await page.store.unit(page.chain, sn(1))).toMatchObject({ state });
    }
  });

  it('keeps its unknown outcome until a proof is recorded, and says in the journal what has changed it', async () => {
    const world = new World([unit(1)]);
    const page = await working(world);
    const [cable = unit(1)] = world.cables;
    cable.cut = { ins: 0xd8, when: 'before' };
    await page.plug(cable);
    const row = await page.store.unit(page.chain, sn(1));
    if (row?.attempt === undefined) throw new TypeError('the row has no attempt');
    expect(row.state).toBe('unknown');
    const note = vi.spyOn(page.bench.journal, 'note');
    await page.run.reconcile();
    expect(note).not.toHaveBeenCalled();
    await page.bench.journal.append(row.attempt, { step: 'not-imported', state: 'confirmed' });
    await page.run.reconcile();
    const at = NOW().toISOString();
    expect(note.mock.calls).toEqual([
      [page.chain, { step: 'unit-settled', sn: sn(1) }, { ...row, state: 'failed', at }],
    ]);
  });

  it('is interrupted if it was running, and failed if nothing was loaded', async () => {
    const page = await working(new World([1, 2].map(unit)));
    const row = { order: page.chain, tries: 1, exported: [], begun: '', at: '' };
    for (const n of [1, 2])
      await page.bench.journal.note(page.chain, { step: 'order-resumed' }, { ...row, sn: sn(n), state: 'running' });
    const note = vi.spyOn(page.bench.journal, 'note');
    await page.run.reconcile();
    expect(note.mock.calls.map(([, event, changed]) => [event, changed?.state])).toEqual([
      [{ step: 'unit-interrupted', sn: sn(1) }, 'failed'],
      [{ step: 'unit-interrupted', sn: sn(2) }, 'failed'],
    ]);
    expect(await page.store.counts(page.chain)).toMatchObject({ running: 0, failed: 2 });
  });

  it('keeps its unknown outcome if the journal has no attempt for it', async () => {
    const page = await working(new World([unit(1)]));
    const row = { order: page.chain, sn: sn(1), state: 'unknown', tries: 1, exported: [], begun: '', at: '' } as const;
    await page.bench.journal.note(page.chain, { step: 'order-resumed' }, row);
    await page.run.reconcile();
    expect(await page.store.unit(page.chain, sn(1))).toEqual(row);
  });
});
