import { describe, expect, it } from 'vitest';
import { closingReport } from '#test/runner/closing-report.ts';
import type { Outcome, Timing } from '#test/runner/tally.ts';

const timings = (prefix: string, count: number): Timing[] =>
  Array.from({ length: count }, (_, index) => ({ name: `${prefix} ${index}`, seconds: index }));

const VITEST: Outcome = {
  runner: 'vitest',
  passed: 12,
  failed: [],
  skipped: [],
  seconds: 90.04,
  tests: timings('unit', 12),
  files: timings('test/unit', 2),
};
const BROWSER: Outcome = {
  runner: 'level 2',
  passed: 1,
  failed: [{ name: 'a test', message: 'the reason' }],
  skipped: [{ name: 'another test', reason: 'no browser' }],
  flaky: ['a third test: timeout'],
  seconds: 61.5,
  tests: [{ name: 'a test', seconds: 60 }],
  files: [{ name: 'test/level2/a.spec.ts', seconds: 61 }],
};

describe('the closing report', () => {
  it('ends with the closing line over all runners', () => {
    expect(closingReport([VITEST, BROWSER], 152).at(-1)).toBe('13 passed, 1 failed, 1 skipped');
  });

  it('prints the failures last, because a long log is often cut to its end', () => {
    expect(closingReport([VITEST, BROWSER], 152).slice(-5)).toEqual([
      'FAILED a test',
      'the reason',
      '',
      'The run took 152.0 s.',
      '13 passed, 1 failed, 1 skipped',
    ]);
  });

  it('lists failures, flaky tests and skipped tests with their reasons', () => {
    const text = closingReport([VITEST, BROWSER], 152).join('\n');
    expect(text).toContain('FAILED a test\nthe reason');
    expect(text).toContain('a third test: timeout');
    expect(text).toContain('another test: no browser');
  });

  it('lists the duration of each runner that has one', () => {
    const leftOut: Outcome = { runner: 'left out', passed: 0, failed: [], skipped: [] };
    const lines = closingReport([VITEST, BROWSER, leftOut], 152);
    expect(lines).toContain('    90.0 s  vitest');
    expect(lines).toContain('    61.5 s  level 2');
    expect(lines.join('\n')).not.toContain('left out');
  });

  it('lists the 10 slowest tests and files over all runners, slowest first', () => {
    const lines = closingReport([VITEST, BROWSER], 152);
    const tests = lines.slice(lines.indexOf('The 10 slowest tests:') + 1, lines.indexOf('Skipped:') - 1);
    expect(tests).toHaveLength(10);
    expect(tests.slice(0, 2)).toEqual(['    60.0 s  a test', '    11.0 s  unit 11']);
    const files = lines.slice(
      lines.indexOf('The 10 slowest test files:') + 1,
      lines.indexOf('The 10 slowest tests:') - 1,
    );
    expect(files).toEqual(['    61.0 s  test/level2/a.spec.ts', '     1.0 s  test/unit 1', '     0.0 s  test/unit 0']);
  });

  it('has no heading for a section without lines', () => {
    const lines = closingReport([{ runner: 'a check', passed: 1, failed: [], skipped: [] }], 3);
    expect(lines).toEqual(['', 'The run took 3.0 s.', '1 passed, 0 failed, 0 skipped']);
  });
});
