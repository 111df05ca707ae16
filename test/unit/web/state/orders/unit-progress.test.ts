// The progress of one unit of an order: which states the run may leave, which need a reason, and
// what a closed order shows of it.
import { describe, expect, it, vi } from 'vitest';
import { workOrder } from '#test/support/work-orders.ts';
import type { UnitRow } from '#web/journal/order-record.ts';
import { type UnitPhase, UnitProgress, unloadedUnits } from '#web/state/orders/unit-progress.svelte.ts';
import type { Lane } from '#web/state/station/lane.svelte.ts';
import { ONE_LINE, sn, TWO_LINES } from './order-fixture.ts';

const [LINE] = ONE_LINE;
if (!LINE) throw new TypeError('no line');
const LANE = { link: { id: 7 } } as Lane;
const UNIT_FAILURE = { code: 'device-lost' } as const;
const SYSTEM_FAILURE = { code: 'service-unreachable' } as const;

const rowOf = (more: Partial<UnitRow> = {}): UnitRow => ({
  ...{ order: 1, sn: sn(1), state: 'failed', tries: 1, exported: [], begun: '', at: '', ...more },
});

function unitIn(phase: UnitPhase, row?: UnitRow, isElsewhere = false): UnitProgress {
  const unit = new UnitProgress(LANE, sn(1));
  unit.setRow(row, isElsewhere);
  unit.enter(phase);
  return unit;
}

const PHASES: readonly UnitPhase[] = [
  { is: 'arriving' },
  { is: 'waiting' },
  { is: 'scan' },
  { is: 'reason' },
  { is: 'loading', line: 0, lines: 1 },
  { is: 'done', how: 'loaded' },
  { is: 'refused', refusal: 'wrong-set' },
  { is: 'aside', reason: 'x' },
  { is: 'failed', failure: UNIT_FAILURE },
  { is: 'failed', failure: SYSTEM_FAILURE },
  { is: 'unknown', failure: SYSTEM_FAILURE },
];

describe('a unit', () => {
  it('is arriving at first, by the link of its lane', async () => {
    const unit = new UnitProgress(LANE, sn(1));
    expect(unit).toMatchObject({ sn: sn(1), lane: LANE, linkId: 7, duration: 0, isScanned: false, isDone: false });
    expect([unit.phase, unit.failure, unit.row]).toEqual([{ is: 'arriving' }, undefined, undefined]);
    unit.setLink(8);
    unit.measure(1200);
    const record = vi.fn(async () => undefined);
    await unit.confirmLabel(record);
    expect(record.mock.calls).toEqual([[{ step: 'label-matched', sn: sn(1) }]]);
    expect(unit).toMatchObject({ linkId: 8, duration: 1200, isScanned: true });
  });

  it('has the failure of its phase', () => {
    expect(PHASES.map((phase) => unitIn(phase).failure?.code)).toEqual([
      ...Array(8).fill(undefined),
      ...['device-lost', 'service-unreachable', 'service-unreachable'],
    ]);
  });

  it('is not tried again by the run while it is loading, and after an end that only the operator changes', () => {
    const settled = PHASES.filter((phase) => unitIn(phase).isSettledOrLoading).map(({ is }) => is);
    expect(settled).toEqual(['loading', 'done', 'refused', 'aside', 'failed']);
    expect(unitIn({ is: 'failed', failure: SYSTEM_FAILURE }).isSettledOrLoading).toBe(false);
  });

  it('waits for nothing but the run after the end of the order', () => {
    const after = PHASES.map((phase) => {
      const unit = unitIn(phase);
      unit.interrupt();
      return unit.phase.is;
    });
    expect(after.slice(0, 4)).toEqual(Array(4).fill('waiting'));
    expect(after.slice(4)).toEqual(PHASES.slice(4).map(({ is }) => is));
  });

  it('is done here or at another station', () => {
    expect(unitIn({ is: 'waiting' }, rowOf({ state: 'done' })).isDone).toBe(true);
    expect(unitIn({ is: 'waiting' }, undefined, true).isDone).toBe(true);
    expect(unitIn({ is: 'waiting' }, rowOf()).isDone).toBe(false);
    const unit = unitIn({ is: 'waiting' }, undefined, true);
    unit.setRow(rowOf());
    expect(unit.isDone).toBe(false);
  });

  it('is not loaded, ready or not, only if it is on the order and has neither a row nor the keys', () => {
    const found = PHASES.map((phase) => [phase.is, unitIn(phase).unloaded]);
    expect(found.filter(([, unloaded]) => unloaded !== undefined)).toEqual([
      ['waiting', 'ready'],
      ['scan', 'ready'],
      ['refused', 'failed'],
      ['failed', 'failed'],
      ['failed', 'failed'],
    ]);
    expect(unitIn({ is: 'refused', refusal: 'unlisted' }).unloaded).toBeUndefined();
    expect(unitIn({ is: 'waiting' }, rowOf()).unloaded).toBeUndefined();
    expect(unitIn({ is: 'waiting' }, undefined, true).unloaded).toBeUndefined();
    const order = workOrder([[sn(1), sn(1)]], ONE_LINE);
    const other = new UnitProgress(LANE, sn(2));
    other.enter({ is: 'waiting' });
    const units = [unitIn({ is: 'waiting' }), other, unitIn({ is: 'done', how: 'loaded' })];
    expect(unloadedUnits(order, units)).toEqual([sn(1)]);
  });
});

describe('the reason for loading a unit again', () => {
  const exported = rowOf({ exported: [LINE.ref2], failure: UNIT_FAILURE });

  it('is asked of the operator if the journal has none', () => {
    expect(unitIn({ is: 'waiting' }).needsReason(ONE_LINE)).toBe(false);
    expect(unitIn({ is: 'waiting' }, exported).needsReason(ONE_LINE)).toBe(false);
    expect(unitIn({ is: 'waiting' }, undefined, true).needsReason(ONE_LINE)).toBe(true);
    expect(unitIn({ is: 'waiting' }, rowOf({ state: 'done' })).needsReason(ONE_LINE)).toBe(true);
    const asked = unitIn({ is: 'waiting' }, rowOf({ needsReason: LINE.ref2 }));
    expect([asked.needsReason(ONE_LINE), asked.needsReason(TWO_LINES), asked.needsReason([])]).toEqual([
      ...[true, true, false],
    ]);
    asked.setReason('New board');
    expect(asked.needsReason(ONE_LINE)).toBe(false);
  });

  it('is that of the operator, then that of the journal, and none for a first export', () => {
    const unit = unitIn({ is: 'waiting' }, exported);
    expect(unit.reasonFor(LINE, undefined, false)).toBeUndefined();
    expect(unit.reasonFor(LINE, exported, false)).toBe('The unit was unplugged during the previous attempt');
    expect(unit.reasonFor(LINE, exported, true)).toBeUndefined();
    unit.setReason('New board');
    expect(unit.reasonFor(LINE, exported, false)).toBe('New board');
    expect(unit.reasonFor(LINE, undefined, true)).toBe('New board');
    expect(unit.reasonFor(LINE, undefined, false)).toBeUndefined();
    unit.setReason(undefined);
    expect(unit.reasonFor(LINE, exported, false)).toBe('The unit was unplugged during the previous attempt');
  });
});

describe('a unit of an order that has ended', () => {
  it.each([
    [undefined, { is: 'waiting' }],
    [rowOf({ aside: true, reason: 'Broken' }), { is: 'aside', reason: 'Broken' }],
    [rowOf({ aside: true }), { is: 'aside', reason: '' }],
    [rowOf({ state: 'done' }), { is: 'done', how: 'had-all' }],
    [rowOf({ failure: UNIT_FAILURE }), { is: 'failed', failure: UNIT_FAILURE }],
    [rowOf(), { is: 'waiting' }],
    [rowOf({ state: 'unknown', failure: UNIT_FAILURE }), { is: 'waiting' }],
  ] as const)('shows its row: %o', (row, phase) => {
    const unit = unitIn({ is: 'arriving' }, row);
    unit.showRow();
    expect(unit.phase).toEqual(phase);
  });
});
