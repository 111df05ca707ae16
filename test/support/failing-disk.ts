// A disk that refuses to sync files or folders, in tests of this process. The audit log uses
// fdatasync, which still succeeds.
import { open } from 'node:fs/promises';
import { vi } from 'vitest';

/**
 * Makes the n-th fsync from now on fail, of a folder or of a file; without `failures`, each one.
 * vi.restoreAllMocks() ends it.
 */
export async function failSync(
  directory: string,
  kind: 'folder' | 'file',
  failures?: readonly number[],
): Promise<void> {
  const handle = await open(directory);
  const prototype = Object.getPrototypeOf(handle) as { sync(this: typeof handle): Promise<void> };
  await handle.close();
  const original = prototype.sync;
  let count = 0;
  vi.spyOn(prototype, 'sync').mockImplementation(async function (this: typeof handle) {
    if ((await this.stat()).isDirectory() === (kind === 'folder') && (failures?.includes(++count) ?? true)) {
      throw Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' });
    }
    return original.call(this);
  });
}
