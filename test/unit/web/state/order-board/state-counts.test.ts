// The progress of an order: every unit is counted once, and a state without units is not shown.
import { describe, expect, it } from 'vitest';
import { ONE_LINE, sn, unit, World, working } from '#test/unit/web/state/orders/order-fixture.ts';
import { isReady, shownState, stateCounts } from '#web/state/order-board/state-counts.ts';
import type { UnitProgress } from '#web/state/orders/unit-progress.svelte.ts';

const NONE = { running: 0, done: 0, failed: 0, unknown: 0, absent: 0, aside: 0 };
const waiting = { phase: { is: 'waiting' }, row: undefined } as unknown as UnitProgress;

describe('the counts of an order', () => {
  it('name only the states that units are in, and count an attached unit as ready', () => {
    const here = { ...NONE, done: 1, failed: 2, aside: 1 };
    expect(stateCounts({ done: 3, here, unseen: 4 }, [waiting])).toEqual([
      ['done', 3],
      ['failed', 2],
      ['ready', 1],
      ['aside', 1],
      ['unseen', 3],
    ]);
    expect(stateCounts({ done: 0, here: NONE, unseen: 0 }, [waiting])).toEqual([]);
  });

  it('name the states in the sequence of the progress line', () => {
    const here = { running: 4, done: 9, failed: 2, unknown: 3, absent: 7, aside: 6 };
    expect(stateCounts({ done: 1, here, unseen: 9 }, [waiting])).toEqual([
      ['done', 1],
      ['failed', 2],
      ['unknown', 3],
      ['running', 4],
      ['ready', 1],
      ['aside', 6],
      ['absent', 7],
      ['unseen', 8],
    ]);
  });

  it.each([
    ['waiting', undefined, true],
    ['scan', undefined, true],
    ['reason', undefined, false],
    ['loading', undefined, false],
    ['waiting', { state: 'running' }, false],
  ])('count a unit that is %s with the row %o as ready: %s', (is, row, ready) => {
    expect(isReady({ phase: { is }, row } as unknown as UnitProgress)).toBe(ready);
  });

  it('list a unit that was set aside as such, not as failed', async () => {
    const world = new World([1, 2].map(unit), ONE_LINE);
    const page = await working(world);
    const [first] = world.cables;
    if (!first) throw new TypeError('the world has two units');
    await page.run.pause();
    await page.plug(first);
    await page.run.skip(page.unit(first), 'Cover is broken');
    expect(stateCounts(page.run.counts, page.run.units)).toEqual([
      ['aside', 1],
      ['unseen', 1],
    ]);
    expect(await page.store.counts(page.chain)).toEqual({ ...NONE, aside: 1 });
    const row = await page.store.unit(page.chain, sn(1));
    expect(shownState({ sn: sn(1), row, isElsewhere: false }, new Set())).toBe('aside');
    const unseen = { sn: sn(2), row: undefined, isElsewhere: false };
    expect(shownState({ ...unseen, isElsewhere: true }, new Set())).toBe('done');
    expect(shownState(unseen, new Set([sn(2)]))).toBe('ready');
    expect(shownState(unseen, new Set())).toBe('unseen');
  });
});
