// Implements `npm run mutate`: changes the sources in small ways, one change at a time, and counts
// the changes that the tests notice (docs/reliability.md, "Mutation score by folder").
import { parseArgs } from 'node:util';
import { FolderMemory } from './folder-memory.ts';
import { type FolderReport, reportOf, tableOf } from './folder-report.ts';
import { foldersBelow, judgesOf } from './folders.ts';
import { type Ended, measure } from './measure.ts';
import { drawSample } from './sample.ts';
import { sourcesOf } from './sources.ts';

const USAGE = `Usage: npm run mutate -- [FOLDER …] [--near] [--anew] [--sample N [--seed S]]

Measures the folders and those below them, for example protocol/tkl (protocol/. is the folder alone);
without one, all of protocol, as-service, web/src/state and web/src/journal. What an earlier run
measured is kept while
the source and its tests are the same; --anew measures all. With --near, only the unit and property
tests of the same folder judge: quick, and the score is a lower bound. --sample measures N mutants of each
folder, drawn at random; another seed (1 without --seed) draws others. The survivors of each folder are
written to coverage/mutation.`;

interface MeasureOptions {
  readonly anew: boolean;
  readonly near: boolean;
  /** Number of mutants to measure in each folder; infinite for all. */
  readonly size: number;
  readonly seed: number;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      anew: { type: 'boolean', default: false },
      near: { type: 'boolean', default: false },
      sample: { type: 'string' },
      seed: { type: 'string', default: '1' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return console.log(USAGE);
  const wanted = positionals.length === 0 ? [''] : positionals.map((folder) => folder.replace(/\/$/, ''));
  const folders = [...new Set(wanted.flatMap((folder) => foldersBelow(folder)))];
  if (folders.length === 0) throw new RangeError(`${wanted.join(', ')}: no folder that is measured.\n${USAGE}`);
  const { anew, near, sample, seed } = values;
  const size = sample === undefined ? Number.POSITIVE_INFINITY : integer('--sample', sample);
  const options = { anew, near, size, seed: integer('--seed', seed) };
  const reports: FolderReport[] = [];
  for (const folder of folders) {
    const report = await measureFolder(folder, options);
    for (const { place, from, to, reached } of report.survivors) {
      console.log(`  ${place} ${reached ? 'survived' : 'not reached'}: ${from} → ${to === '' ? '(nothing)' : to}`);
    }
    reports.push(report);
  }
  for (const line of tableOf(reports)) console.log(line);
}

function integer(option: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new RangeError(`${option}: ${text} is no number from 1 on.\n${USAGE}`);
  return Number(text);
}

async function measureFolder(
  folder: string,
  { anew, near: isNear, size, seed }: MeasureOptions,
): Promise<FolderReport> {
  const { near, far } = judgesOf(folder);
  const memory = new FolderMemory(folder, sourcesOf(folder), isNear ? near : [...near, ...far]);
  const known = memory.recall();
  const drawn = drawSample(known.length, size, seed);
  const open = drawn.filter((id) => anew || known[id] === null);
  console.log(`${folder}: ${open.length} of ${known.length} mutants to measure`);
  const judges = isNear ? [near] : [near, far];
  const measured = open.length === 0 ? new Map<number, Ended>() : await measure(folder, memory.sources, open, judges);
  const ended = known.map((one, id) => measured.get(id) ?? one);
  memory.remember(ended);
  const isDrawn = new Set(drawn);
  return reportOf(
    folder,
    memory.sources,
    ended.map((one, id) => (isDrawn.has(id) ? one : null)),
  );
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
