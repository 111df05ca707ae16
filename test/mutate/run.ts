// Implements `npm run mutate`: changes the sources in small ways, one change at a time, and counts
// the changes that the tests notice (docs/reliability.md, "Mutation score by folder").
import { parseArgs } from 'node:util';
import { FolderMemory } from './folder-memory.ts';
import { type FolderReport, reportOf, tableOf } from './folder-report.ts';
import { foldersBelow, judgesOf } from './folders.ts';
import { type Ended, measure } from './measure.ts';
import { sourcesOf } from './sources.ts';

const USAGE = `Usage: npm run mutate -- [FOLDER …] [--near] [--anew]

Measures the folders and those below them, for example protocol/tkl; without one, all of
protocol, as-service, web/src/state and web/src/journal. What an earlier run measured is kept while
the source and its tests are the same; --anew measures all. With --near, only the unit and property
tests of the same folder judge: quick, and the score is a lower bound. The survivors of each folder are
written to coverage/mutation.`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { anew: { type: 'boolean' }, near: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) return console.log(USAGE);
  const wanted = positionals.length === 0 ? [''] : positionals.map((folder) => folder.replace(/\/$/, ''));
  const folders = [...new Set(wanted.flatMap((folder) => foldersBelow(folder)))];
  if (folders.length === 0) throw new RangeError(`${wanted.join(', ')}: no folder that is measured.\n${USAGE}`);
  const reports: FolderReport[] = [];
  for (const folder of folders) {
    const report = await measureFolder(folder, values.anew ?? false, values.near ?? false);
    for (const { place, from, to, reached } of report.survivors) {
      console.log(`  ${place} ${reached ? 'survived' : 'not reached'}: ${from} → ${to === '' ? '(nothing)' : to}`);
    }
    reports.push(report);
  }
  for (const line of tableOf(reports)) console.log(line);
}

async function measureFolder(folder: string, anew: boolean, onlyNear: boolean): Promise<FolderReport> {
  const { near, far } = judgesOf(folder);
  const memory = new FolderMemory(folder, sourcesOf(folder), onlyNear ? near : [...near, ...far]);
  const known = memory.recall().map((ended) => (anew ? null : ended));
  const open = known.flatMap((ended, id) => (ended === null ? [id] : []));
  console.log(`${folder}: ${open.length} of ${known.length} mutants to measure`);
  const judges = onlyNear ? [near] : [near, far];
  const measured = open.length === 0 ? new Map<number, Ended>() : await measure(folder, memory.sources, open, judges);
  const ended = known.map((one, id) => one ?? measured.get(id) ?? { verdict: 'not reached' as const, test: '' });
  memory.remember(ended);
  return reportOf(folder, memory.sources, ended);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
