// Playwright's account for test/run.ts: a calm line per test while it runs, and the outcome as JSON at the end.
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, Suite, TestCase, TestError } from '@playwright/test/reporter';
import type { Failed, Skipped } from './tally.ts';

export interface Options {
  readonly file: string;
}

export default class OutcomeReporter implements Reporter {
  readonly #file: string;
  #suite: Suite | undefined;
  readonly #outside: Failed[] = [];

  constructor(options: Options) {
    this.#file = options.file;
  }

  onBegin(_config: unknown, suite: Suite): void {
    this.#suite = suite;
  }

  onTestEnd(test: TestCase): void {
    if (test.outcome() === 'unexpected' && test.results.length <= test.retries) {
      console.log(`  once ${nameOf(test)}`);
      return;
    }
    const words = { expected: 'ok  ', unexpected: 'FAIL', flaky: 'AGAIN', skipped: 'skip' };
    console.log(`  ${words[test.outcome()]} ${nameOf(test)}`);
  }

  onError(error: TestError): void {
    this.#outside.push({ name: 'outside any test', message: error.stack ?? error.message ?? 'unknown' });
  }

  onEnd(): void {
    let passed = 0;
    const failed: Failed[] = [...this.#outside];
    const skipped: Skipped[] = [];
    const again: string[] = [];
    for (const test of this.#suite?.allTests() ?? []) {
      const outcome = test.outcome();
      if (outcome === 'expected') passed++;
      else if (outcome === 'flaky') {
        passed++;
        again.push(`${nameOf(test)}: ${test.results[0]?.errors[0]?.message ?? ''}`);
      } else if (outcome === 'skipped') {
        const reason = test.annotations.find((annotation) => annotation.type === 'skip')?.description ?? '';
        skipped.push({ name: nameOf(test), reason });
      } else {
        const errors = test.results.flatMap((result) => result.errors);
        failed.push({ name: nameOf(test), message: errors.map((error) => error.stack ?? error.message).join('\n') });
      }
    }
    writeFileSync(this.#file, JSON.stringify({ runner: 'playwright', passed, failed, skipped, again }));
  }
}

function nameOf(test: TestCase): string {
  return `${relative('.', test.location.file)} › ${test.titlePath().slice(3).join(' › ')}`;
}
