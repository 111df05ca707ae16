// Whole new files, output files, and the sentences for errors of the disk.
import { existsSync } from 'node:fs';
import files, { type FileHandle, mkdir, open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UserError } from '#as-service/common/user-error.ts';
import {
  createFile,
  isSystemError,
  readFileIfThere,
  syncDirectory,
  writeNewFile,
} from '#as-service/storage/atomic-file.ts';
import { describeDiskError, diskRefusal } from '#as-service/storage/disk-error.ts';
import { writeOutputFile } from '#as-service/storage/output-file.ts';
import { type TemporaryFolder, temporaryFolder } from '#test/support/as-service.ts';
import { replaceInNode, systemError } from '#test/support/node-modules.ts';

let folder: TemporaryFolder;
/** The prototype of every open file and folder. */
let handles: FileHandle;
beforeEach(async () => {
  folder = await temporaryFolder();
  const handle = await open(folder.path);
  handles = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
});
afterEach(() => folder.remove());

const path = (name: string) => join(folder.path, name);
const content = new Uint8Array(Buffer.from('content'));
const other = new Uint8Array(Buffer.from('other'));

/** Records what is synced, the folder with its files at that moment, and whether all are closed. */
function watchHandles(): { readonly synced: string[]; allClosed(): boolean } {
  const synced: string[] = [];
  const opened: FileHandle[] = [];
  const { sync } = handles;
  vi.spyOn(handles, 'sync').mockImplementation(async function (this: FileHandle) {
    synced.push((await this.stat()).isDirectory() ? `folder of ${await readdir(folder.path)}` : 'file');
    return sync.call(this);
  });
  replaceInNode(files, 'open', (original) => async (...args) => {
    const handle = await original(...args);
    opened.push(handle);
    return handle;
  });
  return { synced, allClosed: () => opened.length > 0 && opened.every(({ fd }) => fd === -1) };
}

describe('a new file', () => {
  it.each([
    ['writeNewFile', writeNewFile],
    ['createFile', createFile],
  ])('of %s has its content, is for its owner alone, and is never overwritten', async (_name, write) => {
    await write(path('new'), content);
    expect((await stat(path('new'))).mode & 0o777).toBe(0o600);
    await expect(write(path('new'), other)).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(path('new'), 'utf8')).toBe('content');
    expect(await readdir(folder.path)).toEqual(['new']);
  });

  it('is synced before it has its name, and the folder after that', async () => {
    const seen = watchHandles();
    await createFile(path('key'), content);
    expect(seen.synced).toEqual(['file', 'folder of key']);
    expect(seen.allClosed()).toBe(true);
  });

  it('is closed when it cannot be written', async () => {
    const seen = watchHandles();
    vi.spyOn(handles, 'writeFile').mockRejectedValue(systemError('ENOSPC'));
    await expect(writeNewFile(path('new'), content)).rejects.toThrow('ENOSPC');
    expect(seen.synced).toEqual([]);
    expect(seen.allClosed()).toBe(true);
  });

  it('replaces what an interrupted creation has left', async () => {
    await writeFile(path('key.new'), 'incomplete');
    await createFile(path('key'), content);
    expect(await readFile(path('key'), 'utf8')).toBe('content');
    expect(await readdir(folder.path)).toEqual(['key']);
  });

  it.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])(
    'is written on a file system whose link() ends with %s',
    async (code) => {
      replaceInNode(files, 'link', () => () => Promise.reject(systemError(code)));
      await createFile(path('key'), content);
      expect(await readFile(path('key'), 'utf8')).toBe('content');
      expect(await readdir(folder.path)).toEqual(['key']);
      await expect(createFile(path('key'), other)).rejects.toMatchObject({ code: 'EEXIST' });
    },
  );

  it('is not written after any other error of link()', async () => {
    replaceInNode(files, 'link', () => () => Promise.reject(systemError('EIO')));
    await expect(createFile(path('key'), content)).rejects.toThrow('EIO');
    expect(await readdir(folder.path)).toEqual([]);
  });
});

describe('the sync of a folder', () => {
  it.each(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EPERM', 'EACCES', 'EISDIR'])(
    'is left out on a file system that answers %s',
    async (code) => {
      vi.spyOn(handles, 'sync').mockRejectedValue(systemError(code));
      await syncDirectory(folder.path);
    },
  );

  it('passes on an error of the disk, and closes the folder', async () => {
    const seen = watchHandles();
    vi.spyOn(handles, 'sync').mockRejectedValue(systemError('EIO'));
    await expect(syncDirectory(folder.path)).rejects.toThrow('EIO');
    expect(seen.allClosed()).toBe(true);
    await expect(syncDirectory(path('missing'))).rejects.toThrow('ENOENT');
  });

  it('is not made on Windows', async () => {
    const platform = Object.getOwnPropertyDescriptor(process, 'platform');
    Object.defineProperty(process, 'platform', { ...platform, value: 'win32' });
    try {
      await syncDirectory(path('missing'));
    } finally {
      Object.defineProperty(process, 'platform', { ...platform });
    }
  });
});

describe('a file that may be missing', () => {
  it('is read, or undefined, or an error', async () => {
    await writeFile(path('there'), content);
    await mkdir(path('folder'));
    expect(Buffer.from((await readFileIfThere(path('there'))) ?? []).toString()).toBe('content');
    expect(await readFileIfThere(path('missing'))).toBeUndefined();
    await expect(readFileIfThere(path('folder'))).rejects.toThrow('EISDIR');
  });
});

describe('an output file', () => {
  it('is for its owner alone, and an existing file is refused with a sentence', async () => {
    await writeOutputFile(path('report'), content);
    expect((await stat(path('report'))).mode & 0o777).toBe(0o600);
    const refusal = await writeOutputFile(path('report'), other).catch((cause: unknown) => cause);
    expect(refusal).toBeInstanceOf(UserError);
    expect(refusal).toMatchObject({ message: `${path('report')} already exists and is not overwritten.` });
    expect(await readFile(path('report'), 'utf8')).toBe('content');
    await expect(writeOutputFile(path('no/folder'), content)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(existsSync(path('no'))).toBe(false);
  });
});

describe('an error of the disk', () => {
  it('is an Error with the code of the system', () => {
    expect(isSystemError(systemError('EIO'), 'EIO')).toBe(true);
    expect(isSystemError(systemError('EIO'), 'EPERM')).toBe(false);
    expect(isSystemError(new Error('EIO'), 'EIO')).toBe(false);
    expect(isSystemError({ code: 'EIO' }, 'EIO')).toBe(false);
  });

  it('has a sentence, also as the cause of another error', () => {
    for (const [code, sentence] of [
      ['ENOSPC', 'is full'],
      ['EDQUOT', 'quota'],
      ['EROFS', 'read-only'],
      ['EIO', '(EIO)'],
      ['EACCES', 'may not write'],
      ['EPERM', 'may not write'],
      ['EMFILE', 'This process has too many files open'],
      ['ENFILE', 'This machine has too many files open'],
    ] as const) {
      expect(describeDiskError(systemError(code))).toContain(sentence);
      const outer = new Error('outer', { cause: new Error('inner', { cause: systemError(code) }) });
      expect(describeDiskError(outer)).toContain(sentence);
    }
    expect(describeDiskError(systemError('ENOENT'))).toBeUndefined();
    expect(describeDiskError(undefined)).toBeUndefined();
  });

  it('becomes a refusal that says what follows; every other error stays as it is', () => {
    const full = systemError('ENOSPC');
    const refusal = diskRefusal(full, 'Nothing was changed.');
    expect(refusal).toBeInstanceOf(UserError);
    expect(refusal).toMatchObject({
      message: 'The disk of the data folder is full. Make room on it, then retry. Nothing was changed.',
      cause: full,
    });
    for (const each of [new UserError('a sentence', { cause: full }), systemError('ENOENT'), 'text', undefined]) {
      expect(diskRefusal(each, 'Nothing was changed.')).toBe(each);
    }
  });
});
