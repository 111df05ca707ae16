// Writes whole new files, mode 0600, and reads files that may be missing.
import { link, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Errors of link() on a file system without hard links, such as that of a USB stick. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];
/** Errors of open() or fsync() on a folder, if the file system cannot sync a folder. */
const NO_FOLDER_SYNC = ['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EPERM', 'EACCES', 'EISDIR'];

/**
 * Creates a file with its whole content. A crash can leave `<path>.new` behind or, on a file system
 * without hard links, an incomplete file.
 * @throws system error EEXIST when the file exists
 */
export async function createFile(path: string, content: Uint8Array): Promise<void> {
  const temporary = `${path}.new`;
  await rm(temporary, { force: true });
  await writeNewFile(temporary, content);
  try {
    await link(temporary, path);
  } catch (cause) {
    if (!NO_LINKS.some((code) => isSystemError(cause, code))) throw cause;
    await writeNewFile(path, content);
  } finally {
    await rm(temporary, { force: true });
  }
  await syncDirectory(dirname(path));
}

/**
 * Creates a file. A crash can leave an incomplete file. @throws system error EEXIST when the file
 * exists
 */
export async function writeNewFile(path: string, content: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Reads a file. Returns undefined when the file does not exist. */
export async function readFileIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (isSystemError(cause, 'ENOENT')) return undefined;
    throw cause;
  }
}

/** Makes new names in a folder durable, if the file system can do that. */
export async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a folder, and needs no such sync.
  if (process.platform === 'win32') return;
  try {
    const folder = await open(path, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (cause) {
    if (!NO_FOLDER_SYNC.some((code) => isSystemError(cause, code))) throw cause;
  }
}

export function isSystemError(cause: unknown, code: string): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === code;
}
