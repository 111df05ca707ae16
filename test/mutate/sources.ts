// The source files of a folder with their mutants, which are numbered across the files. The main
// process and the worker both call sourcesOf() with the same files and therefore use the same
// numbers.
import { readdirSync, readFileSync } from 'node:fs';
import { type Mutant, mutantsOf } from './mutants.ts';

/**
 * Programs, which run when they are imported. Their tests start them as other processes, where no
 * mutant is active.
 */
const PROGRAMS: ReadonlySet<string> = new Set(['as-service/bin/cli.ts', 'as-service/bin/serve.ts']);

export interface SourceWithMutants {
  /** Path relative to the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly mutants: readonly Mutant[];
  /** The id of the first mutant. The other mutants of the file have the following ids. */
  readonly firstId: number;
}

/** @param folder without a trailing slash */
export function sourcesOf(folder: string): SourceWithMutants[] {
  const paths = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map(({ name }) => `${folder}/${name}`)
    .filter((path) => !PROGRAMS.has(path))
    .sort();
  let firstId = 0;
  return paths.map((path) => {
    const text = readFileSync(path, 'utf8');
    const mutants = mutantsOf(path, text);
    const source = { path, text, mutants, firstId };
    firstId += mutants.length;
    return source;
  });
}
