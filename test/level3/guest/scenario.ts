// Runs the guest's tests one after the other and reports each; a limit of its own ends one that hangs.
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeReport, type Report } from '../report.ts';

export interface Scenario {
  readonly name: string;
  run(): Promise<void>;
}

/** The guest's second serial line, which the runner reads. */
const RESULTS = '/dev/ttyS1';
const LIMIT_MS = 120_000;

export function report(line: Report): void {
  appendFileSync(RESULTS, encodeReport(line));
}

export async function runScenario({ name, run }: Scenario): Promise<void> {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 100) / 10;
  const late = new AbortController();
  try {
    const limit = sleep(LIMIT_MS, undefined, { signal: late.signal }).then(() => {
      throw new Error(`not done within ${LIMIT_MS / 1000} s`);
    });
    await Promise.race([run(), limit.catch(rethrowUnlessAborted)]);
    report({ report: 'passed', name, seconds: seconds() });
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    report({ report: 'failed', name, seconds: seconds(), message });
  } finally {
    late.abort();
  }
}

function rethrowUnlessAborted(error: unknown): void {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error;
}
