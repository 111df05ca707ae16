// Playwright reporter for test/run.ts: prints one line per test during the run and writes the
// outcome as JSON at the end.
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, Suite, TestCase, TestError, TestResult } from '@playwright/test/reporter';
import type { Failed, Outcome, Skipped, Timing } from './tally.ts';

export interface Options {
  /** The path of the JSON file to write. */
  readonly file: string;
}

const LABELS = { expected: 'ok  ', unexpected: 'FAIL', flaky: 'FLAKY', skipped: 'skip' };

export default class OutcomeReporter implements Reporter {
  readonly #file: string;
  #suite: Suite | undefined;
  readonly #outsideTests: Failed[] = [];

  constructor(options: Options) {
    this.#file = options.file;
  }

  onBegin(_config: unknown, suite: Suite): void {
    this.#suite = suite;
  }

  onTestEnd(test: TestCase, { duration }: TestResult): void {
    const willRetry = test.outcome() === 'unexpected' && test.results.length <= test.retries;
    const label = willRetry ? 'retry' : LABELS[test.outcome()];
    console.log(`  ${label} ${nameOf(test)} (${(duration / 1000).toFixed(1)} s)`);
  }

  onError(error: TestError): void {
    this.#outsideTests.push({ name: 'outside any test', message: error.stack ?? error.message ?? 'unknown' });
  }

  onEnd(): void {
    const tests = this.#suite?.allTests() ?? [];
    const durations = tests.map(timingOf);
    const outcome: Outcome = {
      runner: 'playwright',
      passed: tests.filter((test) => ['expected', 'flaky'].includes(test.outcome())).length,
      failed: [...this.#outsideTests, ...tests.filter((test) => test.outcome() === 'unexpected').map(failureOf)],
      skipped: tests.filter((test) => test.outcome() === 'skipped').map(skipOf),
      flaky: tests.filter((test) => test.outcome() === 'flaky').map(flakeOf),
      tests: durations,
      files: byFile(durations),
    };
    writeFileSync(this.#file, JSON.stringify(outcome));
  }
}

function nameOf(test: TestCase): string {
  return `${relative('.', test.location.file)} › ${test.titlePath().slice(3).join(' › ')}`;
}

function timingOf(test: TestCase): Timing {
  return { name: nameOf(test), seconds: test.results.reduce((total, { duration }) => total + duration, 0) / 1000 };
}

function byFile(tests: readonly Timing[]): Timing[] {
  const files = new Map<string, number>();
  for (const { name, seconds } of tests) {
    const [file = ''] = name.split(' › ');
    files.set(file, (files.get(file) ?? 0) + seconds);
  }
  return [...files].map(([name, seconds]) => ({ name, seconds }));
}

function failureOf(test: TestCase): Failed {
  const errors = test.results.flatMap((result) => result.errors);
  return { name: nameOf(test), message: errors.map((error) => error.stack ?? error.message).join('\n') };
}

function skipOf(test: TestCase): Skipped {
  const reason = test.annotations.find((annotation) => annotation.type === 'skip')?.description ?? '';
  return { name: nameOf(test), reason };
}

function flakeOf(test: TestCase): string {
  return `${nameOf(test)}: ${test.results[0]?.errors[0]?.message ?? ''}`;
}
