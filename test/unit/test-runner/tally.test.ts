import { describe, expect, it } from 'vitest';
import { checkOutcome, checkOutcomeOrSkipped, closingLine, exitCode, type Outcome, sum } from '#test/runner/tally.ts';

const outcome = (part: Partial<Outcome>): Outcome => ({ runner: 'unit', passed: 0, failed: [], skipped: [], ...part });
const failure = { name: 'a test', message: 'the reason' };
const skip = { name: 'a test', reason: 'the folder is missing' };

describe('the closing line', () => {
  it('adds up all runners', () => {
    const tally = sum([
      outcome({ passed: 1 }),
      outcome({ passed: 40, failed: [failure], skipped: [skip, skip] }),
      outcome({ passed: 7, skipped: [skip] }),
    ]);
    expect(closingLine(tally)).toBe('48 passed, 1 failed, 3 skipped');
  });

  it('counts a flaky test as passed, and the tally lists the test', () => {
    const tally = sum([outcome({ passed: 2, flaky: ['a test'] }), outcome({ passed: 1 })]);
    expect([closingLine(tally), tally.flaky]).toEqual(['3 passed, 0 failed, 0 skipped', ['a test']]);
  });

  it('has the form that CI reads', () => {
    expect(closingLine(sum([outcome({ passed: 2 })]))).toMatch(/^\d+ passed, \d+ failed, \d+ skipped$/);
  });

  it('has three zeros when nothing ran', () => {
    expect(closingLine(sum([]))).toBe('0 passed, 0 failed, 0 skipped');
  });
});

describe('the exit code', () => {
  it('is 0 only when a test has passed and none has failed', () => {
    expect(exitCode(sum([outcome({ passed: 3, skipped: [skip] })]))).toBe(0);
    expect(exitCode(sum([outcome({ passed: 3, failed: [failure] })]))).toBe(1);
    expect(exitCode(sum([outcome({ skipped: [skip] })]))).toBe(1);
    expect(exitCode(sum([]))).toBe(1);
  });
});

describe('a checked outcome', () => {
  it('stays unchanged when the runner and its exit code agree', () => {
    const good = outcome({ passed: 3, skipped: [skip] });
    expect(checkOutcome(good, 0)).toEqual(good);
    const bad = outcome({ passed: 3, failed: [failure] });
    expect(checkOutcome(bad, 1)).toEqual(bad);
  });

  it('counts a runner that crashed as a failure', () => {
    expect(checkOutcome(outcome({ passed: 3 }), 139).failed).toEqual([
      { name: 'unit', message: 'ended with exit code 139 and reported no failure' },
    ]);
  });

  it('counts a runner that ran nothing as a failure', () => {
    expect(checkOutcome(outcome({}), 0).failed).toEqual([{ name: 'unit', message: 'ran no test' }]);
    expect(checkOutcome(outcome({ skipped: [skip] }), 0).failed).toEqual([{ name: 'unit', message: 'ran no test' }]);
  });

  it('counts a skip without a reason as a failure and not as a skip', () => {
    const mute = checkOutcome(outcome({ passed: 1, skipped: [{ name: 'a test', reason: '' }, skip] }), 0);
    expect(mute.failed).toEqual([{ name: 'a test', message: 'was skipped without a reason' }]);
    expect(mute.skipped).toEqual([skip]);
  });
});

describe('an outcome that may be skipped as a whole', () => {
  it('is accepted when every skip has a reason and the exit code is 0', () => {
    const skipped = outcome({ skipped: [skip, skip] });
    expect(checkOutcomeOrSkipped(skipped, 0)).toEqual(skipped);
  });

  it.each([
    ['without a reason', outcome({ skipped: [skip, { name: 'a test', reason: '' }] }), 0],
    ['after a crash', outcome({ skipped: [skip] }), 1],
    ['when nothing is reported', outcome({}), 0],
  ])('counts as a failure %s', (_case, skipped, code) => {
    expect(checkOutcomeOrSkipped(skipped, code).failed.length).toBeGreaterThan(0);
  });
});
