// Searches the memory of every process of this test's browser while all of them are stopped.
import { readFileSync, readlinkSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { fromHex } from '#protocol/bytes/hex.ts';
import type { Pattern } from './pattern-search.ts';
import { freeze, processTree, scanProcess } from './process-memory.ts';

/** The role of a browser process: 'browser' for the main process, else its --type. */
export type Role = string;

/**
 * Stores a key in the memory of the page, as a control: a scan must then find it.
 * @param key hex
 */
export async function plant(page: Page, key: string): Promise<void> {
  const bytes = [...fromHex(key)];
  await page.evaluate((planted) => Object.assign(window, { planted: Uint8Array.from(planted) }), bytes);
}

/** Returns the names of the patterns that were found, by the role of the process. */
export async function scanBrowser(patterns: readonly Pattern[]): Promise<Record<Role, string[]>> {
  const found: Record<Role, string[]> = {};
  const processes = browserProcesses();
  const resume = await freeze(processes.map(([pid]) => pid));
  try {
    for (const [pid, role] of processes) {
      found[role] = [...(found[role] ?? []), ...(await scanProcess(pid, patterns)).found];
    }
  } finally {
    resume();
  }
  return found;
}

function browserProcesses(): (readonly [pid: number, role: Role])[] {
  return processTree(process.pid).flatMap((pid) => {
    try {
      if (!/chrom/.test(readlinkSync(`/proc/${pid}/exe`))) return [];
      // Chromium rewrites its command line, with spaces instead of NUL between the arguments.
      const type = /--type=([\w-]+)/.exec(readFileSync(`/proc/${pid}/cmdline`, 'latin1'))?.[1];
      return [[pid, type ?? 'browser'] as const];
    } catch {
      return []; // the process has ended
    }
  });
}
