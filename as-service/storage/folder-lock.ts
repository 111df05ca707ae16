// One process at a time on a data folder. Whoever holds it listens on a socket in the folder, and the folder's claim file names that
// socket: a claim is alive exactly as long as its socket answers, so a killed process leaves nothing that anyone must clear away, and
// a reused process number deceives nobody. The socket is also how the CLI reaches a running service. Why so: docs/adr/0014-lock-the-data-folder-with-a-socket.md.
import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { UserError } from '../common/user-error.ts';
import { isSystemError } from './atomic-file.ts';

const CLAIM = /^claim\.(\d+)$/;
/** Of sun_path, 108 octets on Linux and 104 on macOS. */
const MAX_SOCKET_PATH_LENGTH = 100;

export interface FolderLock {
  /** Gives the folder free. */
  release(): Promise<void>;
}

/** The folder is held by another process, which listens at `socketPath`. */
export interface Held {
  readonly socketPath: string;
}

/**
 * Makes the folder where there is none, mode 0700, and claims it. Connections to the claim's socket go to `onConnection`.
 * @throws UserError when the folder cannot be used
 */
export async function claimDirectory(
  directory: string,
  onConnection: (socket: Socket) => void,
): Promise<FolderLock | Held> {
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw new UserError(`The data folder ${directory} cannot be made: ${String(cause)}`, { cause });
  });
  const name = `control-${randomBytes(6).toString('hex')}.sock`;
  const { server, close } = await listen(socketPathOf(directory, name), onConnection);
  for (;;) {
    const newest = await newestClaim(directory);
    if (newest !== undefined && (await isAlive(newest.socketPath))) {
      await close();
      return { socketPath: newest.socketPath };
    }
    if (await takeGeneration(directory, (newest?.generation ?? 0) + 1, name)) break;
  }
  await removeOlder(directory, name);
  server.unref();
  // The claim file stays: a generation is never used twice, which is what makes the take-over safe.
  return { release: close };
}

/** Generation `n` belongs to whoever links its file first, and counts as long as no higher one is there. */
async function takeGeneration(directory: string, generation: number, socketName: string): Promise<boolean> {
  const mine = join(directory, `${socketName}.claim`);
  const claim = join(directory, `claim.${generation}`);
  await writeFile(mine, socketName, { mode: 0o600 });
  try {
    await link(mine, claim);
  } catch (cause) {
    if (isSystemError(cause, 'EEXIST')) return false;
    throw cause;
  } finally {
    await rm(mine, { force: true });
  }
  const newest = await newestClaim(directory);
  if (newest?.generation === generation) return true;
  await rm(claim, { force: true });
  return false;
}

async function newestClaim(directory: string): Promise<{ generation: number; socketPath: string } | undefined> {
  const generations = (await readdir(directory)).map((name) => Number(CLAIM.exec(name)?.[1] ?? 0));
  const generation = Math.max(0, ...generations);
  if (generation === 0) return undefined;
  const name = await readFile(join(directory, `claim.${generation}`), 'utf8').catch(() => '');
  return { generation, socketPath: socketPathOf(directory, name) };
}

async function removeOlder(directory: string, ownSocket: string): Promise<void> {
  const newest = await newestClaim(directory);
  for (const name of await readdir(directory)) {
    const generation = CLAIM.exec(name)?.[1];
    const isOldClaim = generation !== undefined && Number(generation) < (newest?.generation ?? 0);
    const isDeadSocket =
      /^control-.*\.sock$/.test(name) && name !== ownSocket && !(await isAlive(join(directory, name)));
    if (isOldClaim || isDeadSocket) await rm(join(directory, name), { force: true });
  }
}

function socketPathOf(directory: string, name: string): string {
  if (process.platform === 'win32') return `\\\\.\\pipe\\keyferry-${name}`;
  return join(directory, name);
}

async function listen(
  path: string,
  onConnection: (socket: Socket) => void,
): Promise<{ server: Server; close(): Promise<void> }> {
  if (process.platform !== 'win32' && Buffer.byteLength(path) > MAX_SOCKET_PATH_LENGTH) {
    throw new UserError(`The path of the data folder is too long for a socket in it: ${path}. Choose a shorter one.`);
  }
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    onConnection(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.on('error', (cause) => {
      reject(new UserError(`The data folder cannot be claimed: ${cause.message}`, { cause }));
    });
    server.listen(path, resolve);
  });
  if (process.platform !== 'win32') await chmod(path, 0o600);
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of open) socket.destroy();
    });
  return { server, close };
}

function isAlive(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
