// Formats what test/run.ts prints at the end: durations, skipped tests, flaky tests, failures and
// the closing line. Pure.
import { closingLine, type Outcome, sum, type Timing } from './tally.ts';

const SLOWEST = 10;

/**
 * Returns the lines in the order in which they are printed. The failures come just before the
 * closing line, because often only the end of a long log is kept.
 */
export function closingReport(outcomes: readonly Outcome[], seconds: number): string[] {
  const tally = sum(outcomes);
  return [
    ...section('Durations:', outcomes.flatMap(runnerTiming).map(timingLine)),
    ...section(`The ${SLOWEST} slowest test files:`, slowest(outcomes.flatMap(({ files = [] }) => files))),
    ...section(`The ${SLOWEST} slowest tests:`, slowest(outcomes.flatMap(({ tests = [] }) => tests))),
    ...section(
      'Skipped:',
      tally.skipped.map(({ name, reason }) => `${name}: ${reason}`),
    ),
    ...section('Passed at the second try only; each is a race to be fixed:', tally.flaky),
    ...tally.failed.flatMap(({ name, message }) => ['', `FAILED ${name}`, message]),
    '',
    `The run took ${seconds.toFixed(1)} s.`,
    closingLine(tally),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

function runnerTiming({ runner, seconds }: Outcome): Timing[] {
  return seconds === undefined ? [] : [{ name: runner, seconds }];
}

function slowest(timings: readonly Timing[]): string[] {
  return [...timings]
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, SLOWEST)
    .map(timingLine);
}

function timingLine({ name, seconds }: Timing): string {
  return `${seconds.toFixed(1).padStart(6)} s  ${name}`;
}
