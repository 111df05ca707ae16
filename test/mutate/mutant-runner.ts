// Replaces Vitest's test runner in the worker: activates the mutants of the plan one after another
// and repeats each test for them. In mode tests, no module is imported again, so a mutant costs
// only the time of the tests that reach it.
import { setMaxListeners } from 'node:events';
import { type RunnerTestCase, type RunnerTestFile, type RunnerTestSuite, TestRunner, vi } from 'vitest';
import { type Plan, readPlan, report } from './plan.ts';
import { SWITCH } from './weave.ts';

/** Maximum duration of a test with a mutant, as a multiple of its duration without a mutant. */
const TIMES_SLOWER = 10;
const PATIENCE_MS = 4000;
/**
 * Maximum number of times that one test may call the switch (see weave.ts), as a multiple of the
 * calls without a mutant. A mutant that exceeds it has caused an endless loop.
 */
const TIMES_CALLS = 50;
const FREE_CALLS = 200_000;
const MAX_CALLS_IN_FILE = 40_000_000;

class EndlessLoop extends Error {}

// Each repetition of a test adds a listener to the same AbortSignal. Node would warn of a leak.
setMaxListeners(Number.POSITIVE_INFINITY);

const realSetTimeout = globalThis.setTimeout;
const realClearTimeout = globalThis.clearTimeout;

let active: number | undefined;
let calls = 0;
let maxCalls = Number.POSITIVE_INFINITY;
let isEndless = false;
let onReach: ((id: number) => void) | undefined;

Object.assign(globalThis, {
  [SWITCH]: (id: number): boolean => {
    onReach?.(id);
    calls++;
    if (calls > maxCalls) {
      isEndless = true;
      throw new EndlessLoop(`more than ${maxCalls} calls`);
    }
    return id === active;
  },
});

/**
 * Key: name of a test. Value: its duration without a mutant, and how often it then calls the
 * switch.
 */
const usual = new Map<string, { milliseconds: number; calls: number }>();
let done = new Set<number>();

const nameOf = (test: RunnerTestCase): string => `${test.file.name} › ${test.fullTestName}`;

export default class MutantRunner extends TestRunner {
  #plan: Plan = { mode: 'reach' };
  /**
   * Used in mode import: the index of the current test file. `#isOver` is true once the result of
   * the mutant is known.
   */
  #file = -1;
  #isOver = false;
  readonly #outside = new Set<number>();
  /** Ids of the mutants to run against the current test. */
  #ids: readonly number[] = [];
  readonly #killed: number[] = [];

  onBeforeCollect(): void {
    this.#plan = readPlan();
    maxCalls = Number.POSITIVE_INFINITY;
    if (this.#plan.mode === 'reach') onReach = (id) => this.#outside.add(id);
    if (this.#plan.mode === 'tests' && done.size === 0) done = new Set(this.#plan.done);
    if (this.#plan.mode !== 'import') return;
    this.#file++;
    const { ids, files } = this.#plan;
    const id = ids[Math.floor(this.#file / files)];
    if (this.#file % files === 0) this.#isOver = false;
    vi.resetModules();
    active = id;
    isEndless = false;
    calls = 0;
    maxCalls = MAX_CALLS_IN_FILE;
    if (id !== undefined && !this.#isOver) report({ is: 'begin', id, pid: process.pid });
  }

  override onAfterRunFiles(): void {
    super.onAfterRunFiles();
    if (this.#plan.mode !== 'import' || this.#isOver || active === undefined) return;
    if ((this.#file + 1) % this.#plan.files === 0) report({ is: 'survived', id: active });
  }

  /** After a mutant is killed, the remaining files are not imported. */
  override importFile(...file: Parameters<TestRunner['importFile']>): unknown {
    return this.#isOver ? undefined : super.importFile(...file);
  }

  onCollected(files: readonly RunnerTestFile[]): void {
    for (const file of files) this.#judge(file, `${file.name} › import`);
  }

  override async onBeforeRunTask(test: RunnerTestCase): Promise<void> {
    if (this.#isOver) test.mode = 'skip';
    if (this.#plan.mode === 'tests') {
      this.#ids = (this.#plan.reach[nameOf(test)] ?? []).filter((id) => !done.has(id));
      this.#killed.length = 0;
      if (this.#ids.length === 0) test.mode = 'skip';
      // The test runs once without a mutant, then once with each mutant, and finally once more
      // without a mutant.
      else Object.assign(test, { repeats: this.#ids.length + 1 });
    }
    Object.assign(test, { retry: 0 });
    await super.onBeforeRunTask(test);
  }

  override onBeforeTryTask(test: RunnerTestCase, at?: { readonly repeats: number }): void {
    super.onBeforeTryTask(test);
    // Vitest awaits the expectations that a test did not await. Those of an
    // earlier mutant do not belong to this run: they may never settle, or may fail later.
    Object.assign(test, { promises: [] });
    if (this.#plan.mode === 'import') return;
    calls = 0;
    isEndless = false;
    active = this.#plan.mode === 'tests' ? this.#ids[(at?.repeats ?? 0) - 1] : undefined;
    const needs = usual.get(nameOf(test));
    maxCalls = active === undefined ? Number.POSITIVE_INFINITY : (needs?.calls ?? 0) * TIMES_CALLS + FREE_CALLS;
    if (active !== undefined) report({ is: 'begin', id: active, pid: process.pid });
    if (this.#plan.mode === 'reach') {
      const ids = new Set<number>();
      this.#reached = ids;
      onReach = (id) => ids.add(id);
    }
  }

  #reached = new Set<number>();

  async runTask(test: RunnerTestCase): Promise<void> {
    const run = TestRunner.getTestFn(test);
    const name = nameOf(test);
    const limit = (usual.get(name)?.milliseconds ?? 0) * TIMES_SLOWER + PATIENCE_MS;
    const started = performance.now();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      if (active === undefined) return;
      timer = realSetTimeout(() => {
        isEndless = true;
        reject(new EndlessLoop(`longer than ${limit} ms`));
      }, limit);
    });
    try {
      await Promise.race([run(), tooLong]);
    } catch (error) {
      // Replaces the error. Vitest would format the compared values of the original error, which
      // takes time and fails for an object with private fields. After such a failure, the test
      // would not run for the other mutants.
      throw this.#plan.mode === 'reach' ? error : new Error(`failed: ${name}`);
    } finally {
      realClearTimeout(timer);
      if (active === undefined && !usual.has(name))
        usual.set(name, { milliseconds: performance.now() - started, calls });
    }
  }

  onAfterRetryTask(test: RunnerTestCase, { repeats }: { readonly repeats: number }): void {
    const { result } = test;
    const name = nameOf(test);
    maxCalls = Number.POSITIVE_INFINITY;
    if (this.#plan.mode === 'reach') {
      onReach = (id) => this.#outside.add(id);
      report({ is: 'reach', test: name, ids: [...this.#reached], milliseconds: usual.get(name)?.milliseconds ?? 0 });
      this.#judge(test, name);
      return;
    }
    if (this.#plan.mode === 'import') {
      this.#judge(test, name);
      return;
    }
    const isFailed = result?.state === 'fail' || isEndless;
    if (isFailed) vi.useRealTimers();
    const id = this.#ids[repeats - 1];
    if (isFailed && id !== undefined) {
      report({ is: isEndless ? 'timeout' : 'killed', id, test: name });
      done.add(id);
      this.#killed.push(id);
      Object.assign(test, { result: { ...result, state: 'pass', errors: undefined } });
    } else if (isFailed && this.#killed.length > 0) {
      report({ is: 'tainted', test: name, ids: [...this.#killed] });
      Object.assign(test, { result: { ...result, state: 'pass', errors: undefined } });
    }
    active = undefined;
  }

  override async onAfterRunSuite(suite: RunnerTestSuite): Promise<void> {
    await super.onAfterRunSuite(suite);
    if (this.#plan.mode === 'reach') report({ is: 'outside', ids: [...this.#outside] });
    this.#judge(suite, `${suite.file.name} › ${suite.name}`);
  }

  /**
   * Handles the failure of an import or a hook. In mode import, the failure kills the active mutant
   * and ends its run.
   */
  #judge({ result }: Pick<RunnerTestCase, 'result'>, name: string): void {
    if (result?.state !== 'fail' || this.#isOver) return;
    if (this.#plan.mode === 'import') {
      this.#isOver = true;
      if (active !== undefined) report({ is: isEndless ? 'timeout' : 'killed', id: active, test: name });
      return;
    }
    report({ is: 'broken', test: name, message: result.errors?.[0]?.message ?? '' });
  }
}
