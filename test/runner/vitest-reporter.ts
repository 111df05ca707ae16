// Vitest reporter for test/run.ts: prints one line per file during the run and writes the outcome
// as JSON at the end.
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';
import type { Failed, Outcome, Skipped, Timing } from './tally.ts';

export class OutcomeReporter implements Reporter {
  readonly #file: string;
  #passed = 0;
  readonly #failed: Failed[] = [];
  readonly #skipped: Skipped[] = [];
  readonly #tests: Timing[] = [];
  readonly #files: Timing[] = [];

  /** @param file the path of the JSON file to write */
  constructor(file: string) {
    this.#file = file;
  }

  onTestCaseResult(test: TestCase): void {
    const name = `${test.module.relativeModuleId} › ${test.fullName}`;
    const result = test.result();
    if (result.state === 'passed') this.#passed++;
    if (result.state === 'skipped') this.#skipped.push({ name, reason: result.note ?? reasonIn(name) });
    if (result.state === 'failed') this.#failed.push({ name, message: result.errors.map(textOf).join('\n') });
    this.#tests.push({ name, seconds: (test.diagnostic()?.duration ?? 0) / 1000 });
  }

  /** Reports failed hooks. Vitest assigns the error of a hook to the suite, not to a test. */
  onTestSuiteResult(suite: TestSuite): void {
    const name = `${suite.module.relativeModuleId} › ${suite.fullName}`;
    for (const error of suite.errors()) this.#failed.push({ name, message: textOf(error) });
  }

  onTestModuleEnd(module: TestModule): void {
    const name = module.relativeModuleId;
    const count = [...module.children.allTests()].length;
    const { prepareDuration, collectDuration, setupDuration, duration } = module.diagnostic();
    const seconds = (prepareDuration + collectDuration + setupDuration + duration) / 1000;
    this.#files.push({ name, seconds });
    console.log(`  ${module.ok() ? 'ok  ' : 'FAIL'} ${name} (${count} tests, ${seconds.toFixed(1)} s)`);
    // A file that fails to load has no tests, only errors.
    for (const error of module.errors()) this.#failed.push({ name, message: textOf(error) });
  }

  onTestRunEnd(_modules: readonly TestModule[], errors: readonly ErrorLike[]): void {
    for (const error of errors) {
      const path = error.VITEST_TEST_PATH;
      const during = path === undefined ? '' : ` (during ${relative('.', path)})`;
      this.#failed.push({ name: `outside any test${during}`, message: textOf(error) });
    }
    const outcome: Outcome = {
      runner: 'vitest',
      passed: this.#passed,
      failed: this.#failed,
      skipped: this.#skipped,
      tests: this.#tests,
      files: this.#files,
    };
    writeFileSync(this.#file, JSON.stringify(outcome));
  }
}

/** Returns the reason in the name of a suite that skips all its tests: "… (skipped where …)". */
function reasonIn(name: string): string {
  return /\((skipped [^)]+)\)/.exec(name)?.[1] ?? '';
}

interface ErrorLike {
  readonly VITEST_TEST_PATH?: string;
  readonly message: string;
  readonly stack?: string | undefined;
  readonly diff?: string | undefined;
}

function textOf(error: ErrorLike): string {
  return [error.stack ?? error.message, error.diff ?? ''].filter((text) => text !== '').join('\n');
}
