// What the guest tells of its tests, one JSON text per line over a serial line, and what the lines add up to. Pure.
import type { Outcome } from '../support/tally.ts';

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

/** Undefined for a line that is none: a firmware's greeting, say. */
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
 * A test of the plan that nobody heard of again has failed, and so has a run that did not come to its end; where its time was up before, by `timeUp`, they
 * were left out.
 */
export function outcomeOf(reports: readonly Report[], why: string, timeUp?: string): Outcome {
  const planned = reports.flatMap((report) => (report.report === 'plan' ? report.names : []));
  const passed = reports.flatMap((report) => (report.report === 'passed' ? [report.name] : []));
  const failed = reports.flatMap((report) =>
    report.report === 'failed' ? [{ name: report.name, message: report.message }] : [],
  );
  const heardOf = [...passed, ...failed.map(({ name }) => name)];
  const unheard = planned.filter((name) => !heardOf.includes(name));
  if (timeUp !== undefined) {
    const skipped = unheard.map((name) => ({ name, reason: timeUp }));
    return { runner: 'kernel', passed: passed.length, failed, skipped };
  }
  for (const name of unheard) failed.push({ name, message: `was not run: ${why}` });
  if (!reports.some(({ report }) => report === 'end'))
    failed.push({ name: 'the guest', message: `did not end: ${why}` });
  return { runner: 'kernel', passed: passed.length, failed, skipped: [] };
}
