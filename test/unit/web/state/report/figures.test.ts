import { describe, expect, it } from 'vitest';
import { figuresOf } from '#web/state/report/figures.ts';

describe('the figures of a report', () => {
  const unit = (outcome: 'done' | 'failed' | 'absent', begun: string | null, ended: string | null) => {
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
});
