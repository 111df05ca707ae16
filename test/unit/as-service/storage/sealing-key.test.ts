// The sealing key: where it comes from, when it is refused, and what remains of it in memory.
import { webcrypto } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import files, { chmod, link, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UserError } from '#as-service/common/user-error.ts';
import { loadSealingKey } from '#as-service/storage/sealing-key.ts';
import { isZero } from '#protocol/bytes/bytes.ts';
import { type TemporaryFolder, temporaryFolder } from '#test/support/as-service.ts';
import { replaceInNode, systemError } from '#test/support/node-modules.ts';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

const path = (name: string) => join(folder.path, name);

describe('the sealing key', () => {
  const load = (change: object = {}) =>
    loadSealingKey({ environment: undefined, path: path('sealing.key'), sealedDataExists: false, ...change });

  it('is complete as soon as its file exists, so that a first start can crash at any time', async () => {
    const making = load();
    let content: string | undefined;
    while (content === undefined) {
      await new Promise(setImmediate);
      if (existsSync(path('sealing.key'))) content = readFileSync(path('sealing.key'), 'latin1');
    }
    expect(content).toMatch(/^[0-9A-F]{64}\n$/);
    await making;
    expect(await readdir(folder.path)).toEqual(['sealing.key']);
  });

  it('is created or found after an interrupted first start, and no temporary file is left', async () => {
    await writeFile(path('sealing.key.new'), 'A5', { mode: 0o600 });
    const made = await load();
    await link(path('sealing.key'), path('sealing.key.new'));
    expect((await load()).key).toEqual(made.key);
    expect(await readdir(folder.path)).toEqual(['sealing.key']);
  });

  it('is created at the first start, readable only by its owner, and found at the next start', async () => {
    const first = await load();
    expect((await stat(path('sealing.key'))).mode & 0o777).toBe(0o600);
    expect((await load({ sealedDataExists: true })).key).toEqual(first.key);
  });

  it('comes from the environment in hex or base64url', async () => {
    const hex = '5e'.repeat(32);
    const expected = { key: new Uint8Array(32).fill(0x5e), source: 'environment' };
    expect(await load({ environment: hex })).toEqual(expected);
    expect(await load({ environment: Buffer.from(hex, 'hex').toString('base64url') })).toEqual(expected);
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('is not created again when sealed data exist', async () => {
    await expect(load({ sealedDataExists: true })).rejects.toThrow(/sealing.key is missing/);
  });

  it.each([
    ['short', '5e5e'],
    ['long', '5e'.repeat(33)],
    ['malformed', 'x'.repeat(43)],
  ])('is refused with a sentence when it is %s', async (_name, environment) => {
    await expect(load({ environment })).rejects.toThrow(/KEYFERRY_SEALING_KEY is not a sealing key/);
    await writeFile(path('sealing.key'), environment, { mode: 0o600 });
    await expect(load()).rejects.toThrow(/is not a sealing key/);
  });

  it('is in the file when the environment variable is empty', async () => {
    const created = await load({ environment: '' });
    expect(created.source).toBe('key file');
    expect(await load({ sealedDataExists: true })).toEqual(created);
  });

  it('is read from a file that another program has saved, and refused with a sentence if that is no text', async () => {
    const hex = '5e'.repeat(32);
    await writeFile(path('sealing.key'), Buffer.from(`\ufeff${hex}\r\n`, 'utf16le'), { mode: 0o600 });
    expect((await load()).key).toEqual(new Uint8Array(32).fill(0x5e));
    await writeFile(path('sealing.key'), Buffer.from('1f8b08000000000000', 'hex'));
    const refusal = await load().catch((cause: unknown) => cause);
    expect(refusal).toBeInstanceOf(UserError);
    expect(refusal).toMatchObject({ message: expect.stringContaining(`The key file ${path('sealing.key')}: `) });
  });

  it.each([0o640, 0o620, 0o610, 0o604, 0o602, 0o601])('is refused when its file has mode %o', async (mode) => {
    await load();
    await chmod(path('sealing.key'), mode);
    await expect(load()).rejects.toThrow(`chmod 600 ${path('sealing.key')}`);
  });

  it('is accepted whatever its owner may do with the file, and with every mode on Windows', async () => {
    const { key } = await load();
    await chmod(path('sealing.key'), 0o700);
    expect((await load()).key).toEqual(key);
    await chmod(path('sealing.key'), 0o644);
    const platform = Object.getOwnPropertyDescriptor(process, 'platform');
    Object.defineProperty(process, 'platform', { ...platform, value: 'win32' });
    try {
      expect((await load()).key).toEqual(key);
    } finally {
      Object.defineProperty(process, 'platform', { ...platform });
    }
  });

  it('leaves no copy of itself in memory', async () => {
    const copies: Uint8Array[] = [];
    const { key } = await load();
    replaceInNode(
      files,
      'readFile',
      (original) =>
        (async (...args: Parameters<typeof original>) => {
          const content = await original(...args);
          if (content instanceof Uint8Array) copies.push(content);
          return content;
        }) as typeof original,
    );
    expect((await load()).key).toEqual(key);
    await chmod(path('sealing.key'), 0o644);
    await expect(load()).rejects.toThrow('chmod 600');
    expect(copies.map((copy) => copy.length > 0 && isZero(copy))).toEqual([true, true]);
  });

  it('is wiped, and its text too, when its file cannot be created', async () => {
    const made: Uint8Array[] = [];
    const prototype = Object.getPrototypeOf(webcrypto) as { getRandomValues(array: Uint8Array): Uint8Array };
    const { getRandomValues } = prototype;
    vi.spyOn(prototype, 'getRandomValues').mockImplementation((array) => {
      made.push(array);
      return getRandomValues.call(webcrypto, array);
    });
    replaceInNode(files, 'open', (original) => async (...args) => {
      const handle = await original(...args);
      handle.writeFile = async (text) => {
        made.push(text as Uint8Array);
        throw systemError('ENOSPC');
      };
      return handle;
    });
    await expect(load()).rejects.toThrow('ENOSPC');
    expect(made.map((copy) => copy.length)).toEqual([32, 65]);
    expect(made.every(isZero)).toBe(true);
  });
});
