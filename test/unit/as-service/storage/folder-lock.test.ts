// The lock of the data folder: one holder, its files, its connections, and its refusals.
import { spawn } from 'node:child_process';
import files, { link, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { createConnection, createServer, Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UserError } from '#as-service/common/user-error.ts';
import { type FolderLock, type HeldByOther, lockFolder } from '#as-service/storage/folder-lock.ts';
import { type TemporaryFolder, temporaryFolder } from '#test/support/as-service.ts';
import { replaceInNode, systemError } from '#test/support/node-modules.ts';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

const path = (name: string) => join(folder.path, name);

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

  it('creates its files in a new folder, for their owner alone', async () => {
    const directory = path('srv/keyferry');
    const outcome = await lockFolder(directory, () => undefined);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    const [claim = '', socket = '', ...others] = await readdir(directory);
    expect([claim, socket, others]).toEqual(['claim.1', expect.stringMatching(/^control-[0-9a-f]{12}\.sock$/), []]);
    expect(await readFile(join(directory, claim), 'utf8')).toBe(socket);
    for (const name of [claim, socket]) expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
    await release(outcome);
    expect(await readdir(directory)).toEqual(['claim.1']);
  });

  it('uses each number of a claim once', async () => {
    for (const number of [1, 2, 3]) {
      const outcome = await lock();
      expect((await readdir(folder.path)).filter((name) => name.startsWith('claim'))).toEqual([`claim.${number}`]);
      await release(outcome);
    }
    await writeFile(path('claim.10'), 'control-gone.sock');
    await release(await lock());
    expect(await readdir(folder.path)).toEqual(['claim.11']);
  });

  it('passes connections on, survives their errors, and ends them when it is released', async () => {
    const sockets: Socket[] = [];
    const holder = await lockFolder(folder.path, (socket) => sockets.push(socket));
    const other = await lock();
    if (!isHeldByOther(other)) throw new Error('the lock is free');
    const client = createConnection(other.socketPath);
    await new Promise((resolve) => client.once('connect', resolve));
    while (sockets.length < 2) await new Promise(setImmediate);
    // The first connection was that of the other process, which only asked whether this one is alive.
    sockets[1]?.write('hello');
    expect(String(await new Promise((resolve) => client.once('data', resolve)))).toBe('hello');
    const failed = createConnection(other.socketPath);
    await new Promise((resolve) => failed.once('connect', resolve));
    while (sockets.length < 3) await new Promise(setImmediate);
    sockets[2]?.emit('error', systemError('ECONNRESET'));
    expect(sockets[2]?.destroyed).toBe(true);
    const ended = new Promise((resolve) => client.once('close', resolve));
    await release(holder);
    await ended;
    expect(sockets.every(({ destroyed }) => destroyed)).toBe(true);
  });

  it('closes the connection with which it asks whether the holder is alive', async () => {
    const ends: Promise<unknown>[] = [];
    const holder = await lockFolder(folder.path, (socket) =>
      ends.push(new Promise((resolve) => socket.once('close', resolve))),
    );
    await lock();
    while (ends.length === 0) await new Promise(setImmediate);
    await Promise.all(ends);
    await release(holder);
  });

  it('removes dead sockets and old claims, and no other file', async () => {
    const others = ['audit.log', 'claim.1x', 'claim.x', 'control-a.sock.txt', 'old.claim.1', 'xcontrol-a.sock'];
    for (const name of [...others, 'claim.1', 'claim.2', 'control-dead.sock']) await writeFile(path(name), '');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path('control-live.sock'), resolve));
    const outcome = await lock();
    const names = (await readdir(folder.path)).filter((name) => !/^control-[0-9a-f]{12}\.sock$/.test(name));
    expect(names.sort()).toEqual([...others, 'claim.3', 'control-live.sock'].sort());
    await release(outcome);
    server.close();
  });

  it('is not taken by a process that finds a newer claim after its own', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path('control-live.sock'), resolve));
    replaceInNode(files, 'link', (original) => async (from, to) => {
      await original(from, to);
      await writeFile(path('claim.2'), 'control-live.sock');
    });
    expect(await lock()).toEqual({ socketPath: path('control-live.sock') });
    expect((await readdir(folder.path)).sort()).toEqual(['claim.2', 'control-live.sock']);
    server.close();
  });

  it('is refused with a sentence when the disk fails, and leaves no socket', async () => {
    replaceInNode(files, 'link', () => () => Promise.reject(systemError('EIO')));
    const refusal = await lock().catch((cause: unknown) => cause);
    expect(refusal).toBeInstanceOf(UserError);
    expect(refusal).toMatchObject({
      message:
        'The disk of the data folder reported an error (EIO). Check the disk, then retry. The data folder could not be locked, and nothing was changed.',
    });
    expect(await readdir(folder.path)).toEqual([]);
  });

  it.each([
    ['EACCES', /^This user may not write .*, then retry\. The data folder .*new was not created\.$/],
    ['ENOTDIR', /^The data folder .*new cannot be created: Error: ENOTDIR: scripted$/],
  ])('is refused with a sentence when the folder cannot be created because of %s', async (code, sentence) => {
    const fault = systemError(code);
    replaceInNode(files, 'mkdir', () => () => Promise.reject<undefined>(fault));
    const refusal = await lockFolder(path('new'), () => undefined).catch((cause: unknown) => cause);
    expect(refusal).toBeInstanceOf(UserError);
    expect(refusal).toMatchObject({ message: expect.stringMatching(sentence), cause: fault });
  });

  it.each([
    ['EROFS', /is read-only.*, then retry\. The data folder could not be locked, and nothing was changed\.$/],
    ['EADDRINUSE', /^The data folder cannot be locked: EADDRINUSE: scripted$/],
  ])('is refused with a sentence when the socket ends with %s', async (code, sentence) => {
    const fault = systemError(code);
    vi.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server) {
      setImmediate(() => this.emit('error', fault));
      return this;
    });
    const refusal = await lock().catch((cause: unknown) => cause);
    vi.restoreAllMocks();
    expect(refusal).toBeInstanceOf(UserError);
    expect(refusal).toMatchObject({ message: expect.stringMatching(sentence), cause: fault });
  });

  it('needs a path of at most 100 bytes for its socket', async () => {
    // Two slashes and the name of the socket, which has 25 bytes, take 27 bytes of the path.
    const directory = (length: number, letter: string) => {
      const free = length - 27 - Buffer.byteLength(folder.path);
      return path(
        letter.repeat(Math.floor(free / Buffer.byteLength(letter))) + 'x'.repeat(free % Buffer.byteLength(letter)),
      );
    };
    for (const letter of ['x', 'é']) {
      await release(await lockFolder(directory(100, letter), () => undefined));
      await expect(lockFolder(directory(101, letter), () => undefined)).rejects.toThrow(/too long .*Choose a shorter/);
    }
  });
});
