// The result of one folder: counts the mutants, and writes the result as JSON and as a row of the
// table. Used by test/mutate/run.ts.
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Ended } from './measure.ts';
import type { SourceWithMutants } from './sources.ts';

const FOLDER = 'coverage/mutation';

export interface FolderReport {
  readonly folder: string;
  readonly mutants: number;
  readonly killed: number;
  readonly survived: number;
  readonly timeouts: number;
  /** Percentage of the mutants that the tests killed or that timed out. */
  readonly score: number;
  readonly survivors: readonly Survivor[];
}

interface Survivor {
  readonly place: string;
  readonly from: string;
  readonly to: string;
  /** False if no test runs the line. */
  readonly reached: boolean;
}

export function reportOf(folder: string, sources: readonly SourceWithMutants[], ended: readonly Ended[]): FolderReport {
  const count = (verdict: Ended['verdict']): number => ended.filter((one) => one.verdict === verdict).length;
  const survivors = sources.flatMap(({ path, text, mutants, firstId }) =>
    mutants.flatMap((mutant, index): Survivor[] => {
      const verdict = ended[firstId + index]?.verdict;
      if (verdict === 'killed' || verdict === 'timeout') return [];
      const before = text.slice(0, mutant.start).split('\n');
      const place = `${path}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
      const from = text.slice(mutant.start, mutant.end);
      return [{ place, from: shorten(from), to: shorten(mutant.text), reached: verdict === 'survived' }];
    }),
  );
  const noticed = count('killed') + count('timeout');
  const score = ended.length === 0 ? 100 : (100 * noticed) / ended.length;
  const report = {
    folder,
    mutants: ended.length,
    killed: count('killed'),
    survived: survivors.length,
    timeouts: count('timeout'),
    score: Math.floor(score * 10) / 10,
    survivors,
  };
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(`${FOLDER}/${folder.replaceAll('/', '.')}.json`, `${JSON.stringify(report, null, 1)}\n`);
  return report;
}

const shorten = (text: string): string => text.replace(/\s+/g, ' ').slice(0, 100);

export function tableOf(reports: readonly FolderReport[]): string[] {
  const row = (cells: readonly (string | number)[]): string =>
    cells.map((cell, column) => (column === 0 ? String(cell).padEnd(28) : String(cell).padStart(10))).join('');
  return [
    row(['folder', 'mutants', 'killed', 'survived', 'timeouts', 'score']),
    ...reports.map(({ folder, mutants, killed, survived, timeouts, score }) =>
      row([folder, mutants, killed, survived, timeouts, `${score.toFixed(1)} %`]),
    ),
  ];
}
