// Finds the test files that pass when they are imported again in the same worker.
import { resolve } from 'node:path';

interface TestFile {
  /** Path of the file. */
  readonly moduleId: string;
}

/**
 * Returns the files that pass, and notes in `known` for each file whether it passes.
 * @param importAgain imports these files twice. Resolves to the name of a test that failed, to an
 *   empty name if the worker hung, and to undefined if all passed.
 */
export async function findImportable<File extends TestFile>(
  files: readonly File[],
  known: Map<string, boolean>,
  importAgain: (files: readonly File[]) => Promise<string | undefined>,
): Promise<readonly File[]> {
  for (;;) {
    const open = files.filter(({ moduleId }) => !known.has(moduleId));
    if (open.length === 0) return files.filter(({ moduleId }) => known.get(moduleId));
    const failed = await importAgain(open);
    const failing = resolve(failed?.split(' › ')[0] ?? '');
    if (failed === undefined) for (const { moduleId } of open) known.set(moduleId, true);
    else if (open.some(({ moduleId }) => moduleId === failing)) known.set(failing, false);
    // The worker hung, so the file that caused this is not known.
    else for (const file of open) known.set(file.moduleId, (await importAgain([file])) === undefined);
  }
}
