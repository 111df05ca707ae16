// A job runs one static check or one test runner and returns its outcome. Used by
// test/runner/runners.ts.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ended } from '../support/run-command.ts';
import { checkOutcome, closingLine, type Outcome, sum } from './tally.ts';

export type Job = () => Promise<Outcome>;

/** A check counts as one test. It passes when its command exits with 0. */
export function check(name: string, run: () => Promise<Ended>): Job {
  return async () => {
    const started = Date.now();
    const { code, output } = await run();
    const failed = code === 0 ? [] : [{ name, message: output.trim() }];
    return finish({ runner: name, passed: code === 0 ? 1 : 0, failed, skipped: [] }, started);
  };
}

/**
 * A test runner writes its outcome to the file that KEYFERRY_OUTCOME names. If the file is missing,
 * the runner has crashed and the outcome is empty.
 * @param judge corrects the outcome with the exit code
 */
export function runner(
  name: string,
  run: (env: Readonly<Record<string, string>>) => Promise<Ended>,
  judge: (outcome: Outcome, exitCode: number) => Outcome = checkOutcome,
): Job {
  return async () => {
    const started = Date.now();
    const folder = mkdtempSync(join(tmpdir(), 'keyferry-test-'));
    try {
      const file = join(folder, 'outcome.json');
      const { code } = await run({ KEYFERRY_OUTCOME: file });
      const written = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Outcome) : undefined;
      const outcome = { passed: 0, failed: [], skipped: [], ...written, runner: name };
      return finish(judge(outcome, code), started);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

/** The outcome of a job that did not run. The job counts as one skipped test. */
export function leftOut(name: string, reason: string): Outcome {
  return { runner: name, passed: 0, failed: [], skipped: [{ name, reason }] };
}

/** Runs the jobs one after another. */
export async function inSeries(jobs: readonly Job[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const job of jobs) outcomes.push(await job());
  return outcomes;
}

function finish(outcome: Outcome, started: number): Outcome {
  const seconds = (Date.now() - started) / 1000;
  const state = outcome.failed.length === 0 ? 'ok  ' : 'FAIL';
  console.log(`${state} ${outcome.runner}: ${closingLine(sum([outcome]))} (${seconds.toFixed(1)} s)`);
  return { ...outcome, seconds };
}
