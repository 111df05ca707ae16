// What a run of Vitest is to do with the mutants, and what it reports. Both pass through files,
// because a worker that hangs is ended and its successor continues.
import { appendFileSync, readFileSync } from 'node:fs';

export type Plan =
  /** Runs each test once and reports which mutants it reaches. */
  | { readonly mode: 'reach' }
  /** Runs each test once per mutant that it reaches. */
  | {
      readonly mode: 'tests';
      readonly reach: Readonly<Record<string, readonly number[]>>;
      readonly done: readonly number[];
    }
  /**
   * Per mutant: imports everything anew while it is active, and runs each test of `files` files.
   */
  | { readonly mode: 'import'; readonly ids: readonly number[]; readonly files: number };

export type Line =
  | { readonly is: 'reach'; readonly test: string; readonly ids: readonly number[]; readonly milliseconds: number }
  /** Reached outside of a test: while a module is imported, or by a hook of a suite. */
  | { readonly is: 'outside'; readonly ids: readonly number[] }
  | { readonly is: 'begin'; readonly id: number; readonly pid: number }
  | { readonly is: 'survived'; readonly id: number }
  | { readonly is: 'killed' | 'timeout'; readonly id: number; readonly test: string }
  /** The test fails without a mutant after it ran with these. */
  | { readonly is: 'tainted'; readonly test: string; readonly ids: readonly number[] }
  | { readonly is: 'broken'; readonly test: string; readonly message: string };

/** The folder of both files, from the environment. */
const folder = (): string => process.env.KEYFERRY_MUTATE ?? '';
export const planFile = (): string => `${folder()}/plan.json`;
export const linesFile = (): string => `${folder()}/lines.jsonl`;

export function readPlan(): Plan {
  return JSON.parse(readFileSync(planFile(), 'utf8')) as Plan;
}

export function report(line: Line): void {
  appendFileSync(linesFile(), `${JSON.stringify(line)}\n`);
}

export function readLines(): Line[] {
  const lines = readFileSync(linesFile(), 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Line);
}
