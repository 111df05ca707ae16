// Storage of the service: sealing, the sealing key, atomic files, and the lock of the data folder.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, link, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeNewFile } from '#as-service/storage/atomic-file.ts';
import { type FolderLock, type HeldByOther, lockFolder } from '#as-service/storage/folder-lock.ts';
import { Sealer } from '#as-service/storage/sealer.ts';
import { loadSealingKey } from '#as-service/storage/sealing-key.ts';
import { copy } from '#protocol/bytes/bytes.ts';
import { IntegrityError } from '#protocol/errors.ts';
import { type TemporaryFolder, temporaryFolder } from '#test/support/as-service.ts';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

const key = (byte: number) => new Uint8Array(32).fill(byte);
const path = (name: string) => join(folder.path, name);

describe('Sealer', () => {
  const plaintext = Buffer.from('a secret');

  it('opens what it has sealed, and seals equal input differently each time', () => {
    const sealer = new Sealer(key(1));
    expect(Buffer.from(sealer.openState(sealer.sealState(plaintext)))).toEqual(plaintext);
    expect(Buffer.from(sealer.openRecord(5, sealer.sealRecord(5, plaintext)))).toEqual(plaintext);
    expect(sealer.sealState(plaintext)).not.toEqual(sealer.sealState(plaintext));
    expect(sealer.sealRecord(5, plaintext)).not.toEqual(sealer.sealRecord(5, plaintext));
  });

  it('refuses any flipped bit, any truncation, another key and another sequence number', () => {
    const sealer = new Sealer(key(1));
    const state = sealer.sealState(plaintext);
    const record = sealer.sealRecord(5, plaintext);
    for (const [sealed, open] of [
      [state, (bytes: Uint8Array) => sealer.openState(bytes)],
      [record, (bytes: Uint8Array) => sealer.openRecord(5, bytes)],
    ] as const) {
      for (let bit = 0; bit < sealed.length * 8; bit++) {
        const flipped = copy(sealed);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(() => open(flipped)).toThrow(IntegrityError);
      }
      for (let end = 0; end < sealed.length; end++) expect(() => open(sealed.subarray(0, end))).toThrow(IntegrityError);
    }
    expect(() => new Sealer(key(2)).openState(state)).toThrow(IntegrityError);
    expect(() => sealer.openRecord(6, record)).toThrow(IntegrityError);
  });
});

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
    const expected = { key: key(0x5e), source: 'environment' };
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

  it('is refused when others can read its file', async () => {
    await load();
    await chmod(path('sealing.key'), 0o644);
    await expect(load()).rejects.toThrow(/chmod 600/);
  });
});

describe('files', () => {
  it('are not overwritten if they contain a key', async () => {
    await writeNewFile(path('key'), Buffer.from('one'));
    await expect(writeNewFile(path('key'), Buffer.from('two'))).rejects.toThrow('EEXIST');
    expect(await readFile(path('key'), 'utf8')).toBe('one');
  });
});

describe('the lock of the data folder', () => {
  const lock = () => lockFolder(folder.path, () => undefined);
  const isHeldByOther = (outcome: FolderLock | HeldByOther): outcome is HeldByOther => 'socketPath' in outcome;
  const release = async (outcome: FolderLock | HeldByOther) => {
    if (!isHeldByOther(outcome)) await outcome.release();
  };

  it('is held by one process at a time, and is free after release()', async () => {
    const first = await lock();
    expect(isHeldByOther(first)).toBe(false);
    expect(isHeldByOther(await lock())).toBe(true);
    await release(first);
    const third = await lock();
    expect(isHeldByOther(third)).toBe(false);
    await release(third);
  });

  it('is given to exactly one of twelve concurrent processes, in each of ten rounds', async () => {
    for (let round = 0; round < 10; round++) {
      const outcomes = await Promise.all(Array.from({ length: 12 }, lock));
      expect(outcomes.filter((outcome) => !isHeldByOther(outcome))).toHaveLength(1);
      await Promise.all(outcomes.map(release));
    }
    expect((await readdir(folder.path)).filter((name) => name.endsWith('.sock'))).toEqual([]);
  });

  it('is taken over from a killed process, and the files of that process are removed', async () => {
    const script = `import { lockFolder } from '#as-service/storage/folder-lock.ts';
      await lockFolder(process.argv[1], () => undefined); console.log('locked'); setInterval(() => undefined, 1e6);`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script, folder.path]);
    await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
    expect(isHeldByOther(await lock())).toBe(true);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    const outcome = await lock();
    expect(isHeldByOther(outcome)).toBe(false);
    expect((await readdir(folder.path)).filter((name) => name.startsWith('claim.'))).toHaveLength(1);
    expect((await readdir(folder.path)).filter((name) => name.endsWith('.sock'))).toHaveLength(1);
    await release(outcome);
  });

  it('is not given to a process if another process already has its generation', async () => {
    // This process is slow: it has found that generation 1 of the lock is stale. Meanwhile another
    // process has taken generation 2.
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path('control-live.sock'), resolve));
    await writeFile(path('name'), 'control-live.sock');
    await link(path('name'), path('claim.2'));
    await rename(path('name'), path('unused'));
    expect(await lock()).toEqual({ socketPath: path('control-live.sock') });
    server.close();
  });

  it('is refused with a sentence when the path is too long for a socket', async () => {
    await expect(lockFolder(path('x'.repeat(120)), () => undefined)).rejects.toThrow(/too long/);
  });
});
