// Runs a test of the guest and reports its result. After a test that exceeds its time limit,
// main.ts runs no other test, because the late test may still be running.
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeReport, type Report } from '../report.ts';

export interface Scenario {
  readonly name: string;
  run(): Promise<void>;
}

/** The guest's second serial port. The runner on the machine reads from it. */
const RESULTS = '/dev/ttyS1';
const LIMIT_MS = 15 * 60_000;

export function report(line: Report): void {
  appendFileSync(RESULTS, encodeReport(line));
}

/** @returns false if the scenario exceeded its time limit */
export async function runScenario({ name, run }: Scenario): Promise<boolean> {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 100) / 10;
  const timer = new AbortController();
  const limit = sleep(LIMIT_MS, 'late', { signal: timer.signal }).catch(() => 'late');
  try {
    if ((await Promise.race([run(), limit])) === 'late') {
      report({ report: 'failed', name, seconds: seconds(), message: `not completed within ${LIMIT_MS / 1000} s` });
      return false;
    }
    report({ report: 'passed', name, seconds: seconds() });
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    report({ report: 'failed', name, seconds: seconds(), message });
  } finally {
    timer.abort();
  }
  return true;
}
