// Creates one program's folder in a testbed. The testbed's sys, dev, proc and ioctl are mounted
// there, so the program must be allowed to mount, and all browsers have the same units. umockdev
// names the socket of an event monitor by its file descriptor and removes an existing one: in one
// shared folder a second browser took the socket of the first in 2 of 25 starts, and the first then
// missed that a unit was unplugged.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** The folders of a testbed: in place of /sys, /dev and /proc, and for device sockets. */
const TESTBED_PARTS = ['sys', 'dev', 'proc', 'ioctl'] as const;

/** Short, because the path of a Unix socket has at most 108 bytes. */
const PREFIX = 'p.';

/** Creates a folder with mount points for the parts of the testbed. @returns its path */
export function createProgramFolder(testbed: string): string {
  const folder = mkdtempSync(join(testbed, PREFIX));
  for (const part of TESTBED_PARTS) mkdirSync(join(folder, part));
  return folder;
}

/** Removes the folder of a program that has ended, with which its mounts ended. */
export function removeProgramFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Paths of the event monitor sockets of all programs, including programs that have ended. */
export function monitorSockets(testbed: string): string[] {
  const folders = readdirSync(testbed).filter((name) => name.startsWith(PREFIX));
  return folders.flatMap((folder) =>
    namesIn(join(testbed, folder))
      .filter((name) => /^event\d+$/.test(name))
      .map((name) => join(testbed, folder, name)),
  );
}

/** Empty for a missing folder: another process may remove the folder at any time. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
