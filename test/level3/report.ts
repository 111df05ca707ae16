// The reports that the guest sends about its tests, and the outcome that the runner computes from
// them. Each report is one line of JSON over a serial port.
import type { Outcome } from '../runner/tally.ts';

export type Report =
  | { readonly report: 'plan'; readonly names: readonly string[] }
  | { readonly report: 'passed'; readonly name: string; readonly seconds: number }
  | { readonly report: 'failed'; readonly name: string; readonly seconds: number; readonly message: string }
  | { readonly report: 'note'; readonly text: string }
  | { readonly report: 'end' };

const KINDS: readonly unknown[] = ['plan', 'passed', 'failed', 'note', 'end'];

export function encodeReport(report: Report): string {
  return `${JSON.stringify(report)}\n`;
}

/** Decodes a report. Returns undefined for any other line, such as a firmware message. */
export function decodeReport(line: string): Report | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const isReport = typeof value === 'object' && value !== null && 'report' in value && KINDS.includes(value.report);
    return isReport ? (value as Report) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Computes the outcome of the tests. A planned test without a result counts as failed. A guest that
 * did not report its end counts as one more failure.
 * @param why the reason why results may be missing
 * @param timeUp set if the time limit was reached: planned tests without a result then count as
 * skipped for this reason
 */
export function outcomeOf(reports: readonly Report[], why: string, timeUp?: string): Outcome {
  const planned = reports.flatMap((report) => (report.report === 'plan' ? report.names : []));
  const passed = reports.flatMap((report) => (report.report === 'passed' ? [report.name] : []));
  const failed = reports.flatMap((report) =>
    report.report === 'failed' ? [{ name: report.name, message: report.message }] : [],
  );
  const finished = [...passed, ...failed.map(({ name }) => name)];
  const unfinished = planned.filter((name) => !finished.includes(name));
  if (timeUp !== undefined) {
    const skipped = unfinished.map((name) => ({ name, reason: timeUp }));
    return { runner: 'kernel', passed: passed.length, failed, skipped };
  }
  for (const name of unfinished) failed.push({ name, message: `was not run: ${why}` });
  if (!reports.some(({ report }) => report === 'end'))
    failed.push({ name: 'the guest', message: `did not end: ${why}` });
  return { runner: 'kernel', passed: passed.length, failed, skipped: [] };
}
