// Vitest's account for test/run.ts: a calm line per file while it runs, and the outcome as JSON at the end.
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';
import type { Failed, Skipped } from './tally.ts';

export class OutcomeReporter implements Reporter {
  readonly #file: string;
  #passed = 0;
  readonly #failed: Failed[] = [];
  readonly #skipped: Skipped[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  onTestCaseResult(test: TestCase): void {
    const name = `${test.module.relativeModuleId} › ${test.fullName}`;
    const result = test.result();
    if (result.state === 'passed') this.#passed++;
    if (result.state === 'skipped') this.#skipped.push({ name, reason: result.note ?? reasonIn(name) });
    if (result.state === 'failed') this.#failed.push({ name, message: result.errors.map(textOf).join('\n') });
  }

  /** A hook that failed belongs to no test. */
  onTestSuiteResult(suite: TestSuite): void {
    const name = `${suite.module.relativeModuleId} › ${suite.fullName}`;
    for (const error of suite.errors()) this.#failed.push({ name, message: textOf(error) });
  }

  onTestModuleEnd(module: TestModule): void {
    const count = [...module.children.allTests()].length;
    const ok = module.ok() ? 'ok  ' : 'FAIL';
    console.log(`  ${ok} ${module.relativeModuleId} (${count})`);
    // A file that does not load has errors of its own and no tests.
    for (const error of module.errors()) {
      this.#failed.push({ name: module.relativeModuleId, message: textOf(error) });
    }
  }

  onTestRunEnd(_modules: readonly TestModule[], errors: readonly ErrorLike[]): void {
    for (const error of errors) {
      const file = error.VITEST_TEST_PATH === undefined ? '' : `, while ${relative('.', error.VITEST_TEST_PATH)} ran`;
      this.#failed.push({ name: `outside any test${file}`, message: textOf(error) });
    }
    writeFileSync(
      this.#file,
      JSON.stringify({ runner: 'vitest', passed: this.#passed, failed: this.#failed, skipped: this.#skipped }),
    );
  }
}

/** A group that skips all its tests says why in its name: "… (skipped where …)". */
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
