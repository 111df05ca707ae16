// Files that are either the old one or the new one, never half of each: written beside, synchronised, renamed, the folder synchronised.
// Mode 0600. It knows nothing of what is in them.
import { randomBytes } from 'node:crypto';
import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What link() says on a disk such as a USB stick's. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

export async function replaceFile(path: string, content: Uint8Array): Promise<void> {
  const beside = `${path}.${randomBytes(6).toString('hex')}.new`;
  try {
    await writeNewFile(beside, content);
    await rename(beside, path);
  } catch (cause) {
    await rm(beside, { force: true });
    throw cause;
  }
  await syncDirectory(dirname(path));
}

/**
 * All of it or nothing, and never in place of another; a crash may leave `<path>.new` behind. Where the disk knows no hard links, a crash may leave
 * half of it. @throws the system's EEXIST when there is such a file
 */
export async function createFile(path: string, content: Uint8Array): Promise<void> {
  const beside = `${path}.new`;
  await rm(beside, { force: true });
  await writeNewFile(beside, content);
  try {
    await link(beside, path);
  } catch (cause) {
    if (!NO_LINKS.some((code) => isSystemError(cause, code))) throw cause;
    await writeNewFile(path, content);
  } finally {
    await rm(beside, { force: true });
  }
  await syncDirectory(dirname(path));
}

/** Never overwrites; a crash may leave half of it. @throws the system's EEXIST when there is such a file */
export async function writeNewFile(path: string, content: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The content, or undefined when there is no such file. */
export async function readFileIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (isSystemError(cause, 'ENOENT')) return undefined;
    throw cause;
  }
}

export async function syncDirectory(path: string): Promise<void> {
  // Windows does not open folders and needs no such step.
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export function isSystemError(cause: unknown, code: string): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === code;
}
