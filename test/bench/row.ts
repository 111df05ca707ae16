// The rows of the benchmark's table: the measurement, our value, the limit, their ratio, and
// whether our value is within the limit.

export interface Row {
  /** Number of the benchmark: the argument in `npm run bench -- 4`. */
  readonly line: number;
  readonly what: string;
  readonly ours: string;
  /** Empty for a value that is only shown for comparison. */
  readonly limit: string;
  readonly ratio: string;
  readonly verdict: 'within' | 'over' | '';
}

export function row(line: number, what: string, value: number, limit: number, unit: string, digits = 2): Row {
  return {
    line,
    what,
    ours: `${value.toFixed(digits)} ${unit}`.trim(),
    limit: `≤ ${Number(limit.toFixed(3))} ${unit}`.trim(),
    ratio: limit === 0 ? '' : (value / limit).toFixed(2),
    verdict: value <= limit ? 'within' : 'over',
  };
}

export function note(line: number, what: string, value: string): Row {
  return { line, what, ours: value, limit: '', ratio: '', verdict: '' };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = Number.NaN, high = Number.NaN] = [sorted[sorted.length % 2 ? middle : middle - 1], sorted[middle]];
  return (low + high) / 2;
}

export function table(rows: readonly Row[]): string {
  const cells = [
    ['#', 'what', 'ours', 'limit', 'of limit', 'verdict'],
    ...rows.map((one) => [String(one.line), one.what, one.ours, one.limit, one.ratio, one.verdict]),
  ];
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  return cells
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
