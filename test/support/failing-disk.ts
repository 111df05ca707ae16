// Simulates a disk on which fsync of files or folders fails, for tests in which the service runs in
// this process. The audit log uses fdatasync, which still succeeds.
import { open } from 'node:fs/promises';
import { vi } from 'vitest';

/**
 * Makes fsync of folders or of files fail until vi.restoreAllMocks(). `failures` lists the calls
 * that fail; 1 is the next call. If `failures` is undefined, every call fails.
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
