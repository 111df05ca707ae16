// Lock of a data folder (ADR 0014). The holder listens on a socket in the folder. The newest file
// claim.N contains the name of the socket. The lock is valid while the socket answers, so a killed
// process leaves no stale lock. The CLI reaches a running service by this socket.
import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { UserError } from '../common/user-error.ts';
import { isSystemError } from './atomic-file.ts';
import { diskRefusal } from './disk-error.ts';

/** A claim file; the number is its generation. */
const CLAIM = /^claim\.(\d+)$/;
/** The path of a socket is limited to 108 bytes on Linux and 104 on macOS. */
const MAX_SOCKET_PATH_LENGTH = 100;
const NOT_LOCKED = 'The data folder could not be locked, and nothing was changed.';

export interface FolderLock {
  release(): Promise<void>;
}

/** Another process holds the lock and listens at `socketPath`. */
export interface HeldByOther {
  readonly socketPath: string;
}

/**
 * Creates the folder, mode 0700, if it does not exist, and locks it. `onConnection` receives each
 * connection to the socket.
 * @throws UserError when the folder or its socket cannot be created
 */
export async function lockFolder(
  directory: string,
  onConnection: (socket: Socket) => void,
): Promise<FolderLock | HeldByOther> {
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    const refusal = diskRefusal(cause, `The data folder ${directory} was not created.`);
    throw refusal instanceof UserError
      ? refusal
      : new UserError(`The data folder ${directory} cannot be created: ${String(cause)}`, { cause });
  });
  const name = `control-${randomBytes(6).toString('hex')}.sock`;
  const { server, close } = await listen(socketPathOf(directory, name), onConnection);
  try {
    for (;;) {
      const newest = await newestClaim(directory);
      if (newest !== undefined && (await isAlive(newest.socketPath))) {
        await close();
        return { socketPath: newest.socketPath };
      }
      if (await createClaim(directory, (newest?.generation ?? 0) + 1, name)) break;
    }
    await removeStale(directory, name);
  } catch (cause) {
    // Closes the server, which would otherwise keep the process alive.
    await close();
    throw diskRefusal(cause, NOT_LOCKED);
  }
  server.unref();
  // The claim file is not removed. Each generation is thus used once only, so two processes cannot
  // take over one lock.
  return { release: close };
}

/**
 * Claims a generation for this process. A generation belongs to the process that links its file
 * first. Returns false when another process was first, or a newer generation exists.
 */
async function createClaim(directory: string, generation: number, socketName: string): Promise<boolean> {
  const temporary = join(directory, `${socketName}.claim`);
  const claim = join(directory, `claim.${generation}`);
  await writeFile(temporary, socketName, { mode: 0o600 });
  try {
    await link(temporary, claim);
  } catch (cause) {
    if (isSystemError(cause, 'EEXIST')) return false;
    throw cause;
  } finally {
    await rm(temporary, { force: true });
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

async function removeStale(directory: string, ownSocket: string): Promise<void> {
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
    throw new UserError(`The path of the data folder is too long for a socket: ${path}. Choose a shorter path.`);
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
      const refusal = diskRefusal(cause, NOT_LOCKED);
      reject(
        refusal !== cause ? refusal : new UserError(`The data folder cannot be locked: ${cause.message}`, { cause }),
      );
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
