// What a run of all runners adds up to: pure, so that the closing line can be tested. A static check counts as one; a runner that
// crashed or ran nothing counts as one failure, whatever it said of itself.

export interface Skipped {
  readonly name: string;
  readonly reason: string;
}

export interface Failed {
  readonly name: string;
  readonly message: string;
}

/** One runner's or one check's account. */
export interface Outcome {
  readonly runner: string;
  readonly passed: number;
  readonly failed: readonly Failed[];
  readonly skipped: readonly Skipped[];
  /** Of those that passed, the names of those that had failed before: each is a race in the test or in the product, to be looked into. */
  readonly again?: readonly string[];
}

export interface Tally {
  readonly passed: number;
  readonly failed: readonly Failed[];
  readonly skipped: readonly Skipped[];
  readonly again: readonly string[];
}

/** An outcome that no runner may be believed without: an exit code that agrees, something that ran, a reason for each skip. */
export function honest(outcome: Outcome, exitCode: number): Outcome {
  const failed = [...outcome.failed];
  if (exitCode !== 0 && failed.length === 0) {
    failed.push({ name: outcome.runner, message: `ended with exit code ${exitCode} and named no failure` });
  }
  if (outcome.passed + outcome.failed.length === 0) {
    failed.push({ name: outcome.runner, message: 'ran no test' });
  }
  for (const skip of outcome.skipped) {
    if (skip.reason === '') failed.push({ name: skip.name, message: 'was skipped without a reason' });
  }
  return { ...outcome, failed, skipped: outcome.skipped.filter((skip) => skip.reason !== '') };
}

export function sum(outcomes: readonly Outcome[]): Tally {
  return {
    passed: outcomes.reduce((total, outcome) => total + outcome.passed, 0),
    failed: outcomes.flatMap((outcome) => outcome.failed),
    skipped: outcomes.flatMap((outcome) => outcome.skipped),
    again: outcomes.flatMap((outcome) => outcome.again ?? []),
  };
}

/** `N passed, N failed, N skipped`, alone on its line. */
export function closingLine(tally: Tally): string {
  return `${tally.passed} passed, ${tally.failed.length} failed, ${tally.skipped.length} skipped`;
}

/** Green only when something passed and nothing failed. */
export function exitCode(tally: Tally): 0 | 1 {
  return tally.passed > 0 && tally.failed.length === 0 ? 0 : 1;
}
