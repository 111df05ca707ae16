// Creates a folder for one program in a testbed. The testbed's folders sys, dev, proc and ioctl are
// mounted in it, so all programs see the same units. The program must be allowed to mount.
// Each program needs its own folder, because umockdev names the socket of an event monitor after
// the monitor's file descriptor and replaces an existing socket of that name. When two browsers
// shared a folder, the second took the socket of the first in 2 of 25 starts. The first then missed
// the unplugging of a unit.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The folders of a testbed. sys, dev and proc replace /sys, /dev and /proc; ioctl contains the
 * sockets of the devices.
 */
const TESTBED_PARTS = ['sys', 'dev', 'proc', 'ioctl'] as const;

/** The prefix is short because the path of a Unix socket has at most 108 bytes. */
const PREFIX = 'p.';

/** Creates a folder with a mount point for each part of the testbed. @returns its path */
export function createProgramFolder(testbed: string): string {
  const folder = mkdtempSync(join(testbed, PREFIX));
  for (const part of TESTBED_PARTS) mkdirSync(join(folder, part));
  return folder;
}

/** Removes the folder of a program that has ended. The mounts ended with the program. */
export function removeProgramFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/**
 * Returns the paths of the event monitor sockets of all programs, including programs that have
 * ended.
 */
export function monitorSockets(testbed: string): string[] {
  const folders = readdirSync(testbed).filter((name) => name.startsWith(PREFIX));
  return folders.flatMap((folder) =>
    namesIn(join(testbed, folder))
      .filter((name) => /^event\d+$/.test(name))
      .map((name) => join(testbed, folder, name)),
  );
}

/**
 * Returns an empty list if the folder does not exist, because another process may remove it at any
 * time.
 */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
