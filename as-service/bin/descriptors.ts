// Limits the connections, so that descriptors are left for the command line, the log and the key
// file. An operator must be able to revoke access codes while clients use up all connections.
import { readFile } from 'node:fs/promises';

/** Descriptors that connections may not use. */
const RESERVED = 64;
const MAX_CONNECTIONS = 16_384;

/** Returns the maximum number of HTTP connections for the limit of open files of this process. */
export async function maxConnections(): Promise<number> {
  // Only Linux has this file. Other systems have no such limit by default.
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  return connectionsWithin(limits);
}

/** `limits` is the content of /proc/self/limits. */
export function connectionsWithin(limits: string): number {
  const soft = Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  return Math.max(1, Math.min(MAX_CONNECTIONS, soft - RESERVED));
}
