// Computes the figures of a checked report: counts, yield, period and median time per unit.
import type { ReportVerdict } from '#protocol/orders/verify-report.ts';

export interface Figures {
  readonly units: number;
  readonly done: number;
  readonly failed: number;
  readonly unknown: number;
  readonly absent: number;
  /** Share of done units, 0 to 1, among those that are not absent; undefined if all are absent. */
  readonly yield: number | undefined;
  /** Earliest start of a unit, ISO 8601. */
  readonly from: string | undefined;
  /** Latest end of a unit, ISO 8601. */
  readonly to: string | undefined;
  /** Median time from start to end of a done unit, in milliseconds. */
  readonly median: number | undefined;
}

export function figuresOf({ units }: Pick<ReportVerdict, 'units'>): Figures {
  const count = (outcome: string): number => units.filter((unit) => unit.outcome === outcome).length;
  const [done, failed, unknown, absent] = [count('done'), count('failed'), count('unknown'), count('absent')];
  const attempted = done + failed + unknown;
  const starts = units.flatMap((unit) => unit.begun ?? []).sort();
  const ends = units.flatMap((unit) => unit.ended ?? []).sort();
  const times = units
    .flatMap((unit) =>
      unit.outcome === 'done' && unit.begun && unit.ended ? [Date.parse(unit.ended) - Date.parse(unit.begun)] : [],
    )
    .sort((a, b) => a - b);
  return {
    units: units.length,
    ...{ done, failed, unknown, absent },
    yield: attempted === 0 ? undefined : done / attempted,
    from: starts[0],
    to: ends.at(-1),
    median: times[times.length >> 1],
  };
}
