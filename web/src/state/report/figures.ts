// What a report adds up to: how many of how many, how long, and how much a unit took. Pure.
import type { ReportVerdict } from '#protocol/orders/verify-report.ts';

export interface Figures {
  readonly units: number;
  readonly done: number;
  readonly failed: number;
  readonly unknown: number;
  readonly absent: number;
  /** Of the units that were worked at all, how many are done: 0 to 1. */
  readonly yield: number | undefined;
  /** ISO 8601, of the first unit that was begun and the last that ended. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** Milliseconds from beginning to end of a unit that is done: half of them took less. */
  readonly median: number | undefined;
}

export function figuresOf({ units }: Pick<ReportVerdict, 'units'>): Figures {
  const count = (outcome: string): number => units.filter((unit) => unit.outcome === outcome).length;
  const [done, failed, unknown, absent] = [count('done'), count('failed'), count('unknown'), count('absent')];
  const worked = done + failed + unknown;
  const begun = units.flatMap((unit) => unit.begun ?? []).sort();
  const ended = units.flatMap((unit) => unit.ended ?? []).sort();
  const spans = units
    .flatMap((unit) =>
      unit.outcome === 'done' && unit.begun && unit.ended ? [Date.parse(unit.ended) - Date.parse(unit.begun)] : [],
    )
    .sort((a, b) => a - b);
  return {
    units: units.length,
    ...{ done, failed, unknown, absent },
    yield: worked === 0 ? undefined : done / worked,
    from: begun[0],
    to: ended.at(-1),
    median: spans[spans.length >> 1],
  };
}
