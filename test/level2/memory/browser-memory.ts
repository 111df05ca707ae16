// Searches every process of the browser that this test has started, while all of them stand still, so that nothing moves out of sight.
import { readFileSync, readlinkSync } from 'node:fs';
import type { Pattern } from './pattern-search.ts';
import { freeze, processTree, scanProcess } from './process-memory.ts';

/** What a process of the browser is for: 'browser' for the first of them, else its --type. */
export type Role = string;

/** The names of what was found, by the role of the process. */
export async function scanBrowser(patterns: readonly Pattern[]): Promise<Record<Role, string[]>> {
  const found: Record<Role, string[]> = {};
  const processes = browserProcesses();
  const thaw = await freeze(processes.map(([pid]) => pid));
  try {
    for (const [pid, role] of processes) {
      found[role] = [...(found[role] ?? []), ...(await scanProcess(pid, patterns)).found];
    }
  } finally {
    thaw();
  }
  return found;
}

function browserProcesses(): (readonly [pid: number, role: Role])[] {
  return processTree(process.pid).flatMap((pid) => {
    try {
      if (!/chrom/.test(readlinkSync(`/proc/${pid}/exe`))) return [];
      // Chromium writes over its arguments, and parts them by spaces then.
      const type = /--type=([\w-]+)/.exec(readFileSync(`/proc/${pid}/cmdline`, 'latin1'))?.[1];
      return [[pid, type ?? 'browser'] as const];
    } catch {
      return []; // it has ended meanwhile
    }
  });
}
