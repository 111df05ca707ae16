// What lies on disk: sealing, the sealing key, atomic files, and one process at a time on a data folder.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, link, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replaceFile, writeNewFile } from '#as-service/storage/atomic-file.ts';
import { claimDirectory, type FolderLock, type Held } from '#as-service/storage/folder-lock.ts';
import { Sealer } from '#as-service/storage/sealer.ts';
import { loadSealingKey } from '#as-service/storage/sealing-key.ts';
import { copy } from '#protocol/bytes/bytes.ts';
import { IntegrityError } from '#protocol/errors.ts';
import { temporaryFolder } from '#test/support/as-service.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

const key = (octet: number) => new Uint8Array(32).fill(octet);
const at = (name: string) => join(folder.path, name);

describe('Sealer', () => {
  const plaintext = Buffer.from('what must stay secret');

  it('opens what it sealed, and never seals twice alike', () => {
    const sealer = new Sealer(key(1));
    expect(Buffer.from(sealer.openState(sealer.sealState(plaintext)))).toEqual(plaintext);
    expect(Buffer.from(sealer.openRecord(5, sealer.sealRecord(5, plaintext)))).toEqual(plaintext);
    expect(sealer.sealState(plaintext)).not.toEqual(sealer.sealState(plaintext));
    expect(sealer.sealRecord(5, plaintext)).not.toEqual(sealer.sealRecord(5, plaintext));
  });

  it('refuses every single changed bit, every truncation, another key and another place', () => {
    const sealer = new Sealer(key(1));
    const state = sealer.sealState(plaintext);
    const record = sealer.sealRecord(5, plaintext);
    for (const [sealed, open] of [
      [state, (octets: Uint8Array) => sealer.openState(octets)],
      [record, (octets: Uint8Array) => sealer.openRecord(5, octets)],
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
    loadSealingKey({ environment: undefined, path: at('sealing.key'), sealedDataExists: false, ...change });

  it('is whole from the moment that it is there, so that a first start can be killed at any time', async () => {
    const making = load();
    let content: string | undefined;
    while (content === undefined) {
      await new Promise(setImmediate);
      if (existsSync(at('sealing.key'))) content = readFileSync(at('sealing.key'), 'latin1');
    }
    expect(content).toMatch(/^[0-9A-F]{64}\n$/);
    await making;
    expect(await readdir(folder.path)).toEqual(['sealing.key']);
  });

  it('is made or found after a first start that was cut short, and nothing of that is left', async () => {
    await writeFile(at('sealing.key.new'), 'A5', { mode: 0o600 });
    const made = await load();
    await link(at('sealing.key'), at('sealing.key.new'));
    expect((await load()).key).toEqual(made.key);
    expect(await readdir(folder.path)).toEqual(['sealing.key']);
  });

  it('is made on the first start, readable by its owner alone, and found again', async () => {
    const first = await load();
    expect((await stat(at('sealing.key'))).mode & 0o777).toBe(0o600);
    expect((await load({ sealedDataExists: true })).key).toEqual(first.key);
  });

  it('comes from the environment in hex or base64url', async () => {
    const hex = '5e'.repeat(32);
    const expected = { key: key(0x5e), source: 'environment' };
    expect(await load({ environment: hex })).toEqual(expected);
    expect(await load({ environment: Buffer.from(hex, 'hex').toString('base64url') })).toEqual(expected);
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('is never replaced by a new one where sealed data wait for it', async () => {
    await expect(load({ sealedDataExists: true })).rejects.toThrow(/sealing.key is missing/);
  });

  it.each([
    ['short', '5e5e'],
    ['long', '5e'.repeat(33)],
    ['no key', 'x'.repeat(43)],
  ])('is refused in words when it is %s', async (_name, environment) => {
    await expect(load({ environment })).rejects.toThrow(/KEYFERRY_SEALING_KEY is no sealing key/);
    await writeFile(at('sealing.key'), environment, { mode: 0o600 });
    await expect(load()).rejects.toThrow(/is no sealing key/);
  });

  it('is refused when others can read its file', async () => {
    await load();
    await chmod(at('sealing.key'), 0o644);
    await expect(load()).rejects.toThrow(/chmod 600/);
  });
});

describe('files', () => {
  it('are replaced as a whole, closed to others, and leave nothing beside them', async () => {
    await replaceFile(at('state'), Buffer.from('one'));
    await replaceFile(at('state'), Buffer.from('two'));
    expect(await readFile(at('state'), 'utf8')).toBe('two');
    expect((await stat(at('state'))).mode & 0o777).toBe(0o600);
    expect(await readdir(folder.path)).toEqual(['state']);
  });

  it('leave nothing beside them when the new one cannot take its place', async () => {
    await mkdir(at('state'));
    await expect(replaceFile(at('state'), Buffer.from('x'))).rejects.toThrow();
    expect(await readdir(folder.path)).toEqual(['state']);
  });

  it('that hold a key are never overwritten', async () => {
    await writeNewFile(at('key'), Buffer.from('one'));
    await expect(writeNewFile(at('key'), Buffer.from('two'))).rejects.toThrow('EEXIST');
    expect(await readFile(at('key'), 'utf8')).toBe('one');
  });
});

describe('a claim on the data folder', () => {
  const claim = () => claimDirectory(folder.path, () => undefined);
  const isHeld = (outcome: FolderLock | Held): outcome is Held => 'socketPath' in outcome;
  const release = async (outcome: FolderLock | Held) => {
    if (!isHeld(outcome)) await outcome.release();
  };

  it('is held by one at a time, and free again after release', async () => {
    const first = await claim();
    expect(isHeld(first)).toBe(false);
    expect(isHeld(await claim())).toBe(true);
    await release(first);
    const third = await claim();
    expect(isHeld(third)).toBe(false);
    await release(third);
  });

  it('is won by exactly one of twelve that come at once, time after time', async () => {
    for (let round = 0; round < 10; round++) {
      const outcomes = await Promise.all(Array.from({ length: 12 }, claim));
      expect(outcomes.filter((outcome) => !isHeld(outcome))).toHaveLength(1);
      await Promise.all(outcomes.map(release));
    }
    expect((await readdir(folder.path)).filter((name) => name.endsWith('.sock'))).toEqual([]);
  });

  it('of a killed process is taken over, and its remains are cleared away', async () => {
    const script = `import { claimDirectory } from '#as-service/storage/folder-lock.ts';
      await claimDirectory(process.argv[1], () => undefined); console.log('claimed'); setInterval(() => undefined, 1e6);`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script, folder.path]);
    await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
    expect(isHeld(await claim())).toBe(true);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    const outcome = await claim();
    expect(isHeld(outcome)).toBe(false);
    expect((await readdir(folder.path)).filter((name) => name.startsWith('claim.'))).toHaveLength(1);
    expect((await readdir(folder.path)).filter((name) => name.endsWith('.sock'))).toHaveLength(1);
    await release(outcome);
  });

  it('is not won by a slow starter whose generation is already past', async () => {
    // What a slow starter finds: generation 1 is dead; meanwhile another took 2, and its claim lives.
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(at('control-live.sock'), resolve));
    await writeFile(at('name'), 'control-live.sock');
    await link(at('name'), at('claim.2'));
    await rename(at('name'), at('unused'));
    expect(await claim()).toEqual({ socketPath: at('control-live.sock') });
    server.close();
  });

  it('is refused in words where the path is too long for a socket', async () => {
    await expect(claimDirectory(at('x'.repeat(120)), () => undefined)).rejects.toThrow(/too long/);
  });
});
