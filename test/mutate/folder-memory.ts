// Stores the results of earlier runs for one folder, so that a run measures only mutants whose
// result may have changed. Used by test/mutate/run.ts.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Ended } from './measure.ts';
import type { SourceWithMutants } from './sources.ts';

interface Content {
  /**
   * Hash of the code that makes and runs mutants. After a change of this code, every mutant is
   * measured again.
   */
  readonly tool: string;
  readonly sources: Readonly<
    Record<string, { readonly hash: string; readonly mutants: readonly (Remembered | null)[] }>
  >;
  /** Hash of all test files that were run against the survivors. */
  readonly judges: string;
}

/** A result, with the hash of the test file whose test killed the mutant. */
type Remembered = Ended & { readonly hash: string };

const TOOL = ['mutants', 'regex-changes', 'mutant-runner', 'measure', 'vitest.config'].map(
  (name) => `test/mutate/${name}.ts`,
);

/**
 * Reuses earlier results. The result of a killed mutant is valid while its source file and the file
 * of the test that killed it are unchanged. The result of a survivor is valid while its source file
 * and all test files are unchanged. Does not detect changes of other files; the option --anew
 * ignores all earlier results.
 */
export class FolderMemory {
  readonly sources: readonly SourceWithMutants[];
  readonly #file: string;
  readonly #hashes = new Map<string, string>();
  readonly #tool: string;
  readonly #judges: string;

  constructor(
    folder: string,
    sources: readonly SourceWithMutants[],
    testFiles: readonly string[],
    cache = 'node_modules/.cache/mutate',
  ) {
    this.sources = sources;
    this.#file = `${cache}/${folder.replaceAll('/', '.')}.json`;
    this.#tool = TOOL.map((path) => this.#hashOf(path)).join();
    this.#judges = hash(testFiles.map((path) => path + this.#hashOf(path)).join());
  }

  /**
   * Returns the stored result of each mutant in the order of the ids; null for a mutant that must
   * be measured.
   */
  recall(): (Ended | null)[] {
    const nothing = this.sources.flatMap(({ mutants }) => mutants.map(() => null));
    if (!existsSync(this.#file)) return nothing;
    const content = JSON.parse(readFileSync(this.#file, 'utf8')) as Content;
    if (content.tool !== this.#tool) return nothing;
    return this.sources.flatMap(({ path, text, mutants }) => {
      const known = content.sources[path];
      if (known === undefined || known.hash !== hash(text)) return mutants.map(() => null);
      return known.mutants.map((ended) => {
        if (ended === null) return null;
        const isKept = ended.test === '' ? content.judges === this.#judges : ended.hash === this.#hashOf(fileOf(ended));
        return isKept ? { verdict: ended.verdict, test: ended.test } : null;
      });
    });
  }

  /** @param ended in the order of the ids; null for a mutant that is not measured */
  remember(ended: readonly (Ended | null)[]): void {
    const sources = this.sources.map(({ path, text, mutants, firstId }) => {
      const own = ended.slice(firstId, firstId + mutants.length);
      const remembered = own.map((one) => {
        return one && { ...one, hash: one.test === '' ? '' : this.#hashOf(fileOf(one)) };
      });
      return [path, { hash: hash(text), mutants: remembered }];
    });
    const content = { tool: this.#tool, sources: Object.fromEntries(sources), judges: this.#judges };
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(this.#file, JSON.stringify(content));
  }

  /**
   * Returns the hash of a file. Reads each file only once, so that a test file that changes during
   * the run keeps its first hash.
   */
  #hashOf(path: string): string {
    const known = this.#hashes.get(path) ?? (existsSync(path) ? hash(readFileSync(path, 'utf8')) : '');
    this.#hashes.set(path, known);
    return known;
  }
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);
const fileOf = ({ test }: Ended): string => test.split(' › ')[0] ?? '';
