// The progress of an order: every unit is counted once, and a state without units is not shown.
import { describe, expect, it } from 'vitest';
import { ONE_LINE, sn, unit, World, working } from '#test/unit/web/state/orders/order-fixture.ts';
import { attachedStates, shownState, stateCounts } from '#web/state/order-board/state-counts.ts';
import type { OrderRun } from '#web/state/orders/order-run.svelte.ts';
import { type UnitPhase, UnitProgress } from '#web/state/orders/unit-progress.svelte.ts';
import type { Lane } from '#web/state/station/lane.svelte.ts';

const NONE = { running: 0, done: 0, failed: 0, unknown: 0, absent: 0, aside: 0 };
/** An order that is not closed has no report. */
const OPEN = new Map();
const failure = { code: 'device-lost' } as const;

/** A run whose units have these phases and no rows. */
const runOf = (phases: readonly UnitPhase[], waitReason?: 'over') =>
  ({ units: phases.map((phase, index) => unitIn(phase, index)), waitReason }) as unknown as OrderRun;

function unitIn(phase: UnitPhase, index: number): UnitProgress {
  const progress = new UnitProgress({ link: { id: index } } as Lane, sn(index));
  progress.enter(phase);
  return progress;
}
const WAITING = attachedStates(runOf([{ is: 'waiting' }]));

describe('the counts of an order', () => {
  it('name only the states that units are in, and count an attached unit as ready', () => {
    const here = { ...NONE, done: 1, failed: 2, aside: 1 };
    expect(stateCounts({ done: 3, here, unseen: 4 }, WAITING, OPEN)).toEqual([
      ['done', 3],
      ['failed', 2],
      ['ready', 1],
      ['aside', 1],
      ['unseen', 3],
    ]);
    expect(stateCounts({ done: 0, here: NONE, unseen: 0 }, WAITING, OPEN)).toEqual([]);
  });

  it('count an attached unit that cannot be loaded as not loaded, not as unseen', () => {
    const attached = attachedStates(
      runOf([
        { is: 'failed', failure },
        { is: 'refused', refusal: 'wrong-set' },
        { is: 'refused', refusal: 'unlisted' },
        { is: 'scan' },
        { is: 'arriving' },
      ]),
    );
    expect([...attached]).toEqual([
      [sn(0), 'failed'],
      [sn(1), 'failed'],
      [sn(3), 'ready'],
    ]);
    expect(stateCounts({ done: 0, here: NONE, unseen: 4 }, attached, OPEN)).toEqual([
      ['failed', 2],
      ['ready', 1],
      ['unseen', 1],
    ]);
  });

  it('count no unit of an expired order as waiting', () => {
    const attached = attachedStates(runOf([{ is: 'waiting' }, { is: 'scan' }], 'over'));
    expect([...attached.values()]).toEqual(['failed', 'failed']);
  });

  it('name the states in the sequence of the progress line', () => {
    const here = { running: 4, done: 9, failed: 2, unknown: 3, absent: 7, aside: 6 };
    expect(stateCounts({ done: 1, here, unseen: 9 }, WAITING, OPEN)).toEqual([
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

  it('are those of the report once the order is closed', () => {
    const outcomes = ['done', 'done', 'failed', 'failed', 'unknown', 'absent', 'absent'] as const;
    const reported = new Map(outcomes.map((outcome, index) => [sn(index), { sn: sn(index), outcome, reason: null }]));
    const here = { ...NONE, done: 1, aside: 1 };
    expect(stateCounts({ done: 2, here, unseen: 4 }, WAITING, reported)).toEqual([
      ['done', 2],
      ['failed', 1],
      ['unknown', 1],
      ['aside', 1],
      ['absent', 2],
    ]);
    const absent = { sn: sn(5), row: undefined, isElsewhere: false, reported: reported.get(sn(5)) };
    expect(shownState(absent, new Map([[sn(5), 'ready']]))).toBe('absent');
  });

  it('list a unit that was set aside as such, not as failed', async () => {
    const world = new World([1, 2].map(unit), ONE_LINE);
    const page = await working(world);
    const [first] = world.cables;
    if (!first) throw new TypeError('the world has two units');
    await page.run.pause();
    await page.plug(first);
    await page.run.skip(page.unit(first), 'Cover is broken');
    expect(stateCounts(page.run.counts, attachedStates(page.run), OPEN)).toEqual([
      ['aside', 1],
      ['unseen', 1],
    ]);
    expect(await page.store.counts(page.chain)).toEqual({ ...NONE, aside: 1 });
    const row = await page.store.unit(page.chain, sn(1));
    expect(shownState({ sn: sn(1), row, isElsewhere: false }, new Map())).toBe('aside');
    const unseen = { sn: sn(2), row: undefined, isElsewhere: false };
    expect(shownState({ ...unseen, isElsewhere: true }, new Map())).toBe('done');
    expect(shownState(unseen, new Map([[sn(2), 'ready']]))).toBe('ready');
    expect(shownState(unseen, new Map())).toBe('unseen');
  });
});
