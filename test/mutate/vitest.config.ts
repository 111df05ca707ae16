// Vitest configuration of `npm run mutate`: one worker, and the sources of one folder with their
// mutants inserted. KEYFERRY_MUTATE_FOLDER names the folder.
import { resolve } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { sourcesOf } from './sources.ts';
import { weave } from './weave.ts';

const sources = sourcesOf(process.env.KEYFERRY_MUTATE_FOLDER ?? '');

const weaver = {
  name: 'weave mutants',
  enforce: 'pre' as const,
  transform(_code: string, id: string): { code: string; map: null } | undefined {
    const source = sources.find(({ path }) => resolve(path) === id);
    return source && { code: weave(source.text, source.mutants, source.firstId), map: null };
  },
};

/** Runs the test files in the order of measure.ts, on which the mode import depends. */
class GivenOrder extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve(files);
  }
}

const here = resolve('.');

export default defineConfig({
  root: here,
  plugins: [weaver, svelte({ configFile: false, compilerOptions: { hmr: false } })],
  resolve: { conditions: ['browser'] },
  test: {
    projects: [
      { extends: true, test: { name: 'shared', isolate: false } },
      { extends: true, test: { name: 'isolated', isolate: true } },
    ],
    runner: resolve('test/mutate/mutant-runner.ts'),
    setupFiles: [resolve('test/mutate/setup.ts')],
    reporters: [{}],
    sequence: { sequencer: GivenOrder },
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 600_000,
    restoreMocks: true,
    silent: true,
    dangerouslyIgnoreUnhandledErrors: true,
  },
});
