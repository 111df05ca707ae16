// The result of one folder: counts the mutants, and writes the result as JSON and as a row of the
// table. Used by test/mutate/run.ts.
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Ended } from './measure.ts';
import { wilsonInterval } from './sample.ts';
import type { SourceWithMutants } from './sources.ts';

export interface FolderReport {
  readonly folder: string;
  readonly mutants: number;
  /** Smaller than `mutants` if only a sample was measured. */
  readonly measured: number;
  readonly killed: number;
  readonly survived: number;
  readonly timeouts: number;
  /** Percentage of the mutants that the tests killed or that timed out. */
  readonly score: number;
  /** 95 % confidence interval of the score, in per cent; null if all mutants were measured. */
  readonly interval: readonly [low: number, high: number] | null;
  readonly survivors: readonly Survivor[];
}

interface Survivor {
  readonly place: string;
  readonly from: string;
  readonly to: string;
  /** False if no test runs the line. */
  readonly reached: boolean;
}

/** @param ended in the order of the ids; null for a mutant that is not in the sample */
export function reportOf(
  folder: string,
  sources: readonly SourceWithMutants[],
  ended: readonly (Ended | null)[],
  output = 'coverage/mutation',
): FolderReport {
  const count = (verdict: Ended['verdict']): number => ended.filter((one) => one?.verdict === verdict).length;
  const measured = ended.filter((one) => one !== null).length;
  const survivors = sources.flatMap(({ path, text, mutants, firstId }) =>
    mutants.flatMap((mutant, index): Survivor[] => {
      const verdict = ended[firstId + index]?.verdict;
      if (verdict !== 'survived' && verdict !== 'not reached') return [];
      const before = text.slice(0, mutant.start).split('\n');
      const place = `${path}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
      const from = text.slice(mutant.start, mutant.end);
      return [{ place, from: shorten(from), to: shorten(mutant.text), reached: verdict === 'survived' }];
    }),
  );
  const noticed = count('killed') + count('timeout');
  const score = measured === 0 ? 100 : (100 * noticed) / measured;
  const report = {
    folder,
    mutants: ended.length,
    measured,
    killed: count('killed'),
    survived: survivors.length,
    timeouts: count('timeout'),
    score: Math.floor(score * 10) / 10,
    interval: measured === ended.length ? null : wilsonInterval(noticed, measured),
    survivors,
  };
  mkdirSync(output, { recursive: true });
  writeFileSync(`${output}/${folder.replaceAll('/', '.')}.json`, `${JSON.stringify(report, null, 1)}\n`);
  return report;
}

const shorten = (text: string): string => text.replace(/\s+/g, ' ').slice(0, 100);

export function tableOf(reports: readonly FolderReport[]): string[] {
  const row = (cells: readonly (string | number)[]): string =>
    cells.map((cell, column) => (column === 0 ? String(cell).padEnd(28) : String(cell).padStart(11))).join('');
  return [
    row(['folder', 'mutants', 'measured', 'killed', 'survived', 'timeouts', 'score', '95 %']),
    ...reports.map(({ folder, mutants, measured, killed, survived, timeouts, score, interval }) => {
      const range = interval === null ? '–' : interval.map((bound) => bound.toFixed(1)).join('–');
      return row([folder, mutants, measured, killed, survived, timeouts, `${score.toFixed(1)} %`, range]);
    }),
  ];
}
