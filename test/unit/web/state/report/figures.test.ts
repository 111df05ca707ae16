import { describe, expect, it } from 'vitest';
import type { Outcome } from '#protocol/orders/balance.ts';
import { figuresOf } from '#web/state/report/figures.ts';

describe('the figures of a report', () => {
  const unit = (outcome: Outcome, begun: string | null, ended: string | null) => {
    const rest = { row: 1, sn: '45490001', reason: null, proven: outcome === 'done', loads: [], faults: [] } as const;
    return { ...rest, outcome, begun, ended };
  };

  it('leave absent units out of the yield, the period and the median time', () => {
    const figures = figuresOf({
      units: [
        unit('done', '2026-11-23T10:00:00Z', '2026-11-23T10:00:03Z'),
        unit('done', '2026-11-23T09:00:00Z', '2026-11-23T09:00:05Z'),
        unit('failed', '2026-11-23T11:00:00Z', '2026-11-23T11:00:01Z'),
        unit('absent', null, null),
      ],
    });
    expect(figures).toEqual({
      ...{ units: 4, done: 2, failed: 1, unknown: 0, absent: 1, yield: 2 / 3 },
      ...{ from: '2026-11-23T09:00:00Z', to: '2026-11-23T11:00:01Z', median: 5000 },
    });
    expect(figuresOf({ units: [] }).yield).toBeUndefined();
  });

  it('count units of unknown outcome as tried, and take the median of the times in order', () => {
    const done = (seconds: number) => unit('done', '2026-11-23T10:00:00Z', `2026-11-23T10:00:0${seconds}Z`);
    const timeless = [unit('done', null, '2026-11-23T10:00:09Z'), unit('done', '2026-11-23T10:00:00Z', null)];
    const figures = figuresOf({ units: [done(7), done(1), done(2), ...timeless, unit('unknown', null, null)] });
    expect(figures).toMatchObject({ done: 5, unknown: 1, yield: 5 / 6, median: 2000 });
    expect(figuresOf({ units: [unit('absent', null, null)] })).toMatchObject({
      ...{ yield: undefined, from: undefined, to: undefined, median: undefined },
    });
    expect(figuresOf({ units: [unit('unknown', null, null)] }).yield).toBe(0);
  });
});
