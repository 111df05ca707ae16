// What one program has of a testbed: a folder of its own, into which the testbed's parts are mounted (by whoever starts the program) and
// where its monitors put their sockets. umockdev names these by file descriptor and removes one that is there already, so that of two
// programs in one folder each can take the other's ears. Knows no device.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Of a testbed: what a program finds below /sys, /dev and /proc, and the sockets behind its files. */
export const TESTBED_PARTS = ['sys', 'dev', 'proc', 'ioctl'] as const;

/** Short, since the path of a socket in it may have 108 bytes. */
const SEAT = 'p.';

/** Each part must be mounted on the folder of that name in it. */
export function openSeat(testbed: string): string {
  const seat = mkdtempSync(join(testbed, SEAT));
  for (const part of TESTBED_PARTS) mkdirSync(join(seat, part));
  return seat;
}

/** When the program has ended: its mounts went with it. */
export function closeSeat(seat: string): void {
  rmSync(seat, { recursive: true, force: true });
}

/** The sockets of every monitor of every program; those of a program that ended may be among them. */
export function monitorsOf(testbed: string): string[] {
  const seats = readdirSync(testbed).filter((name) => name.startsWith(SEAT));
  return seats.flatMap((seat) =>
    namesIn(join(testbed, seat))
      .filter((name) => /^event\d+$/.test(name))
      .map((name) => join(testbed, seat, name)),
  );
}

/** None in a seat that was left since it was listed: other processes do that. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
