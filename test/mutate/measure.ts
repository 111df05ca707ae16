// Measures the mutants of one folder with Vitest in one worker. First finds the mutants that each
// test reaches. Then runs each test with each of these mutants, and finally the mutants that take
// effect while a module is imported.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createVitest, type TestSpecification, type Vitest } from 'vitest/node';
import { replacesModules } from '../runner/test-files.ts';
import { importersOf } from './folders.ts';
import { findImportable } from './importable.ts';
import { type Line, linesFile, type Plan, planFile, readLines } from './plan.ts';
import type { SourceWithMutants } from './sources.ts';

export interface Ended {
  readonly verdict: 'killed' | 'timeout' | 'survived' | 'not reached';
  /** Name of the test that killed the mutant; empty if no test killed it or if the worker hung. */
  readonly test: string;
}

/**
 * Maximum time in ms without a report from the worker. After this time the worker is killed, and
 * the mutant that it was running counts as timed out.
 */
const SILENCE_MS = 300_000;

/** The id of no mutant. A run with this id must pass. */
const NO_MUTANT = -1;

/**
 * @param ids the mutants to measure, numbered as in sourcesOf()
 * @param judges groups of test files; each group runs against the mutants that survived the earlier
 * groups
 * @throws Error if a test fails without a mutant
 */
export async function measure(
  folder: string,
  sources: readonly SourceWithMutants[],
  ids: readonly number[],
  judges: readonly (readonly string[])[],
): Promise<Map<number, Ended>> {
  const work = resolve(`node_modules/.cache/mutate/work-${process.pid}`);
  mkdirSync(work, { recursive: true });
  Object.assign(process.env, { KEYFERRY_MUTATE: work, KEYFERRY_MUTATE_FOLDER: folder });
  const vitest = await createVitest('test', { config: 'test/mutate/vitest.config.ts', watch: false, run: true });
  try {
    await vitest.standalone();
    return await new Measurement(vitest, sources, ids).run(judges);
  } finally {
    await vitest.close();
    rmSync(work, { recursive: true, force: true });
  }
}

class Measurement {
  readonly #vitest: Vitest;
  readonly #sources: readonly SourceWithMutants[];
  readonly #ids: ReadonlySet<number>;
  #specifications: readonly TestSpecification[] = [];
  readonly #started = Date.now();
  readonly #ended = new Map<number, Ended>();
  /** The test that failed in the last run although no mutant was active. */
  #failedAlone: string | undefined;
  /**
   * Key: path of a test file. Value: whether the file passes when it is imported again without a
   * mutant.
   */
  readonly #isImportable = new Map<string, boolean>();

  constructor(vitest: Vitest, sources: readonly SourceWithMutants[], ids: readonly number[]) {
    this.#vitest = vitest;
    this.#sources = sources;
    this.#ids = new Set(ids);
  }

  async run(judges: readonly (readonly string[])[]): Promise<Map<number, Ended>> {
    const isReached = new Set<number>();
    for (const testFiles of judges) for (const id of await this.#judge(testFiles)) isReached.add(id);
    return new Map(
      [...this.#ids].map((id): [number, Ended] => {
        return [id, this.#ended.get(id) ?? { verdict: isReached.has(id) ? 'survived' : 'not reached', test: '' }];
      }),
    );
  }

  /** @returns the mutants that the tests reach */
  async #judge(testFiles: readonly string[]): Promise<readonly number[]> {
    const isOpen = [...this.#ids].some((id) => !this.#ended.has(id));
    if (testFiles.length === 0 || !isOpen) return [];
    this.#specifications = testFiles.flatMap((path) => {
      const name = replacesModules(path) ? 'isolated' : 'shared';
      const project = this.#vitest.projects.find((candidate) => candidate.name === name);
      return project === undefined ? [] : [project.createSpecification(resolve(path))];
    });
    writeFileSync(linesFile(), '');
    await this.#run({ mode: 'reach' }, this.#specifications);
    const { reach, outside } = this.#reached();
    this.#say(`${Object.keys(reach).length} tests, ${outside.size} mutants act outside of a test`);
    await this.#runTests(reach);
    const tainted = new Set(readLines().flatMap((line) => (line.is === 'tainted' ? [...line.ids] : [])));
    for (const id of tainted) this.#ended.delete(id);
    const open = [...new Set([...outside, ...tainted])].filter((id) => !this.#ended.has(id));
    this.#say(`${this.#ended.size} noticed; ${open.length} are measured with an import each`);
    for (const source of this.#sources) {
      const isOf = (id: number): boolean => id >= source.firstId && id < source.firstId + source.mutants.length;
      const tests = Object.keys(reach).filter((test) => reach[test]?.some(isOf));
      const importers = importersOf(source.path, testFiles, filesOf(tests));
      await this.#runImports(open.filter(isOf), this.#specificationsOf(importers));
    }
    return [...outside, ...Object.values(reach).flat()];
  }

  #say(text: string): void {
    console.log(`  ${Math.round((Date.now() - this.#started) / 1000)} s: ${text}`);
  }

  /**
   * Measures mutants that take effect during an import.
   * @param specifications the test files that import the source file of the mutants, in the order
   * in which they run
   */
  async #runImports(ids: readonly number[], specifications: readonly TestSpecification[]): Promise<void> {
    if (ids.length === 0) return;
    const shared = await this.#importable(specifications.filter(({ project }) => !project.config.isolate));
    let left = shared.length === 0 ? [] : ids;
    while (left.length > 0) {
      const hangs = await this.#importWith([...left, NO_MUTANT], shared);
      // Data that an earlier mutant left makes the tests fail, so each mutant gets its own worker.
      if (this.#failedAlone !== undefined) {
        for (const id of left) this.#ended.delete(id);
        for (const id of left) await this.#importWith([id], shared);
        break;
      }
      const survived = new Set(readLines().flatMap((line) => (line.is === 'survived' ? [line.id] : [])));
      const next = left.filter((id) => !this.#ended.has(id) && !survived.has(id));
      if (!hangs && next.length > 0) throw new Error(`Vitest has not run mutant ${next[0]}.`);
      left = next;
    }
    for (const specification of specifications.filter(({ project }) => project.config.isolate)) {
      for (const id of ids.filter((one) => !this.#ended.has(one))) {
        await this.#run({ mode: 'import', ids: [id], files: 1 }, [specification]);
      }
    }
  }

  /** Imports and runs each test file once per mutant. @returns whether the worker hung */
  async #importWith(ids: readonly number[], files: readonly TestSpecification[]): Promise<boolean> {
    const plan: Plan = { mode: 'import', ids, files: files.length };
    return await this.#run(
      plan,
      ids.flatMap(() => files),
    );
  }

  /** Returns the test files that pass when they are imported again without a mutant. */
  async #importable(files: readonly TestSpecification[]): Promise<readonly TestSpecification[]> {
    return await findImportable(files, this.#isImportable, async (open) => {
      await this.#importWith([NO_MUTANT, NO_MUTANT], open);
      const failed = this.#failedAlone;
      if (failed !== undefined)
        this.#say(`left out: ${failed === '' ? 'a test file hangs' : `${failed} fails`} when it is imported again`);
      return failed;
    });
  }

  #specificationsOf(files: Iterable<string>): readonly TestSpecification[] {
    return [...files].flatMap((path) => this.#specifications.find(({ moduleId }) => moduleId === resolve(path)) ?? []);
  }

  #reached(): { reach: Record<string, readonly number[]>; outside: Set<number> } {
    const reach: Record<string, readonly number[]> = {};
    const outside = new Set<number>();
    for (const line of readLines()) {
      if (line.is === 'broken') throw new Error(`Without a mutant, this test fails: ${line.test}\n${line.message}`);
      // Several tests may have the same name. Their lists are merged.
      if (line.is === 'reach') reach[line.test] = [...new Set([...(reach[line.test] ?? []), ...line.ids])];
      if (line.is === 'outside') for (const id of line.ids) if (this.#ids.has(id)) outside.add(id);
    }
    return { reach, outside };
  }

  /**
   * Runs each test with the mutants that it reaches. Repeats the run until the worker does not
   * hang.
   */
  async #runTests(all: Readonly<Record<string, readonly number[]>>): Promise<void> {
    const open = Object.entries(all).map(([test, ids]) => [test, ids.filter((id) => this.#ids.has(id))] as const);
    const reach = Object.fromEntries(open.filter(([, ids]) => ids.length > 0));
    const specifications = this.#specificationsOf(filesOf(Object.keys(reach)));
    let hangs: boolean;
    do hangs = await this.#run({ mode: 'tests', reach, done: [...this.#ended.keys()] }, specifications);
    while (hangs);
  }

  /** @returns whether the worker hung and was killed */
  async #run(plan: Plan, specifications: readonly TestSpecification[]): Promise<boolean> {
    writeFileSync(planFile(), JSON.stringify(plan));
    this.#failedAlone = undefined;
    const before = readLines().length;
    let seen = before;
    let last = Date.now();
    let hangs = false;
    const watch = setInterval(() => {
      const lines = readLines();
      if (lines.length > seen) [seen, last] = [lines.length, Date.now()];
      const begun = lines
        .slice(before)
        .reverse()
        .find((line) => line.is === 'begin');
      if (Date.now() - last < SILENCE_MS || begun === undefined || hangs) return;
      hangs = true;
      this.#note({ is: 'timeout', id: begun.id, test: '' });
      process.kill(begun.pid, 'SIGKILL');
    }, 2000);
    try {
      await this.#vitest.runTestSpecifications([...specifications]);
    } finally {
      clearInterval(watch);
    }
    for (const line of readLines().slice(before)) this.#note(line);
    return hangs;
  }

  #note(line: Line): void {
    if (line.is !== 'killed' && line.is !== 'timeout') return;
    if (line.id === NO_MUTANT) this.#failedAlone = line.test;
    else if (!this.#ended.has(line.id)) this.#ended.set(line.id, { verdict: line.is, test: line.test });
  }
}

/** Returns the files of the tests, each once. */
function filesOf(tests: readonly string[]): ReadonlySet<string> {
  return new Set(tests.map((test) => test.split(' › ')[0] ?? ''));
}
