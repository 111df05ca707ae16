// The source files of a folder with their mutants, numbered through. Runner and worker call this
// with the same files, so that both number them alike.
import { readdirSync, readFileSync } from 'node:fs';
import { type Mutant, mutantsOf } from './mutants.ts';

export interface SourceWithMutants {
  /** From the top of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly mutants: readonly Mutant[];
  /** The id of the first mutant; the others follow in order. */
  readonly firstId: number;
}

/** @param folder without a slash at its end */
export function sourcesOf(folder: string): SourceWithMutants[] {
  const paths = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map(({ name }) => `${folder}/${name}`)
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
