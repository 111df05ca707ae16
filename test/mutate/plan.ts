// The plan of a Vitest run with mutants, and the lines that the worker reports. Both are files,
// because a worker that hangs is killed and the next worker continues the plan.
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
   * For each mutant: activates the mutant, imports all modules again, and runs `files` test files.
   */
  | { readonly mode: 'import'; readonly ids: readonly number[]; readonly files: number };

export type Line =
  | { readonly is: 'reach'; readonly test: string; readonly ids: readonly number[]; readonly milliseconds: number }
  /**
   * Mutants that were reached outside a test: while a module was imported, or in a hook of a suite.
   */
  | { readonly is: 'outside'; readonly ids: readonly number[] }
  | { readonly is: 'begin'; readonly id: number; readonly pid: number }
  | { readonly is: 'survived'; readonly id: number }
  | { readonly is: 'killed' | 'timeout'; readonly id: number; readonly test: string }
  /**
   * The test failed without a mutant after it ran with these mutants. Their results are not valid,
   * and the mutants are measured again.
   */
  | { readonly is: 'tainted'; readonly test: string; readonly ids: readonly number[] }
  | { readonly is: 'broken'; readonly test: string; readonly message: string };

/** The folder that contains both files. */
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
