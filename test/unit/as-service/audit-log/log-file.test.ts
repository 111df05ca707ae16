// The file of the audit log on a real disk.
import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openLogFile } from '#as-service/audit-log/log-file.ts';
import { type TemporaryFolder, temporaryFolder } from '#test/support/as-service.ts';

let folder: TemporaryFolder;
let path: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, 'audit.log');
});
afterEach(() => folder.remove());

const bytes = (text: string) => new Uint8Array(Buffer.from(text));

it('is created for its owner alone, and grows at its end', async () => {
  const file = await openLogFile(path);
  expect(file.size).toBe(0);
  await file.append(bytes('one\n'));
  await file.close();
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const again = await openLogFile(path);
  expect(again.size).toBe(4);
  await again.append(bytes('two\n'));
  await again.append(bytes('three\n'));
  expect(await readFile(path, 'utf8')).toBe('one\ntwo\nthree\n');
  await again.close();
});

it('reads any part, and fewer bytes at its end', async () => {
  const file = await openLogFile(path);
  await file.append(bytes('0123456789'));
  expect(Buffer.from(await file.read(3, 4)).toString()).toBe('3456');
  expect(Buffer.from(await file.read(8, 4)).toString()).toBe('89');
  expect(await file.read(10, 4)).toHaveLength(0);
  await file.truncate(4);
  expect(Buffer.from(await file.read(0, 8)).toString()).toBe('0123');
  await file.append(bytes('x'));
  expect(await readFile(path, 'utf8')).toBe('0123x');
  await file.close();
  await expect(file.append(bytes('y'))).rejects.toThrow();
});

it('syncs what it appends, and a truncation', async () => {
  const file = await openLogFile(path);
  const handle = await open(path);
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const [data, all] = [vi.spyOn(prototype, 'datasync'), vi.spyOn(prototype, 'sync')];
  await file.append(bytes('one\n'));
  await file.sync();
  expect([data.mock.calls.length, all.mock.calls.length]).toEqual([1, 0]);
  await file.truncate(0);
  expect([data.mock.calls.length, all.mock.calls.length]).toEqual([1, 1]);
  vi.restoreAllMocks();
  await file.close();
});
