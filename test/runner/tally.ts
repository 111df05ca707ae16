// Computes the closing line and the exit code from the outcomes of all test runners. Pure, so that
// unit tests can cover it. A static check counts as one test. A runner that crashed or ran nothing
// counts as one failure.

export interface Skipped {
  readonly name: string;
  readonly reason: string;
}

export interface Failed {
  readonly name: string;
  readonly message: string;
}

export interface Timing {
  readonly name: string;
  readonly seconds: number;
}

/** The result of one runner or one static check. */
export interface Outcome {
  readonly runner: string;
  readonly passed: number;
  readonly failed: readonly Failed[];
  readonly skipped: readonly Skipped[];
  /**
   * Tests that failed on the first try and passed on the second, with the error of the first try.
   * Each of them shows a race, which must be fixed.
   */
  readonly flaky?: readonly string[];
  /** Wall time of the whole runner. */
  readonly seconds?: number;
  /** Duration of each test. The name contains the test file. */
  readonly tests?: readonly Timing[];
  /** Duration of each test file, including hooks and imports. */
  readonly files?: readonly Timing[];
}

export interface Tally {
  readonly passed: number;
  readonly failed: readonly Failed[];
  readonly skipped: readonly Skipped[];
  readonly flaky: readonly string[];
}

/**
 * Adds a failure for each problem that a runner does not report as a failure: a crash, a run
 * without any test, a test that was skipped without a reason.
 */
export function checkOutcome(outcome: Outcome, exitCode: number): Outcome {
  const failed = [...outcome.failed];
  if (exitCode !== 0 && failed.length === 0) {
    failed.push({ name: outcome.runner, message: `ended with exit code ${exitCode} and reported no failure` });
  }
  if (outcome.passed + outcome.failed.length === 0) {
    failed.push({ name: outcome.runner, message: 'ran no test' });
  }
  for (const skip of outcome.skipped) {
    if (skip.reason === '') failed.push({ name: skip.name, message: 'was skipped without a reason' });
  }
  return { ...outcome, failed, skipped: outcome.skipped.filter((skip) => skip.reason !== '') };
}

/**
 * Like checkOutcome(), but also accepts a run that skipped every test for a stated reason. Used for
 * runners that cannot run on every machine.
 */
export function checkOutcomeOrSkipped(outcome: Outcome, exitCode: number): Outcome {
  const ranNothing = outcome.passed + outcome.failed.length === 0 && outcome.skipped.length > 0;
  const isLeftOut = exitCode === 0 && ranNothing && outcome.skipped.every(({ reason }) => reason !== '');
  return isLeftOut ? outcome : checkOutcome(outcome, exitCode);
}

export function sum(outcomes: readonly Outcome[]): Tally {
  return {
    passed: outcomes.reduce((total, outcome) => total + outcome.passed, 0),
    failed: outcomes.flatMap((outcome) => outcome.failed),
    skipped: outcomes.flatMap((outcome) => outcome.skipped),
    flaky: outcomes.flatMap((outcome) => outcome.flaky ?? []),
  };
}

export function closingLine(tally: Tally): string {
  return `${tally.passed} passed, ${tally.failed.length} failed, ${tally.skipped.length} skipped`;
}

/** Returns 0 if at least one test passed and none failed, otherwise 1. */
export function exitCode(tally: Tally): 0 | 1 {
  return tally.passed > 0 && tally.failed.length === 0 ? 0 : 1;
}
