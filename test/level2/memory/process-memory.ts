// Searches the whole memory of another process from outside (Linux: /proc/PID/smaps, pagemap and mem). Left out is only what cannot hold
// a word of the process: pages that are not there, and unchanged pages of files that it maps.
import { readdirSync, readFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Pattern, PatternSearch } from './pattern-search.ts';

export interface ScanResult {
  /** Names of the patterns, each once. */
  readonly found: readonly string[];
  /** Octets that were searched. */
  readonly searched: number;
}

interface Region {
  readonly start: number;
  readonly end: number;
}

const FREEZE_LIMIT_MS = 10_000;
const PIECE = 4 * 1024 * 1024;
const PAGE = 4096;
const PAGEMAP_ENTRY = 8;
/** Present in memory, or in the swap. */
const IS_THERE = 0xc0;

/** What moves in a process that goes on meanwhile may be missed: see freeze(). @throws where it may not be looked into, or is not there */
export async function scanProcess(pid: number, patterns: readonly Pattern[]): Promise<ScanResult> {
  const search = new PatternSearch(patterns);
  const found = new Set<string>();
  let searched = 0;
  const memory = await open(`/proc/${pid}/mem`, 'r');
  const pagemap = await open(`/proc/${pid}/pagemap`, 'r');
  try {
    for (const region of regionsOf(readFileSync(`/proc/${pid}/smaps`, 'latin1'))) {
      // A pattern may lie over the border of two pieces; each begins with a page.
      const step = PIECE - Math.ceil((search.longest - 1) / PAGE) * PAGE;
      for (let at = region.start; at < region.end; at += step) {
        const end = Math.min(at + PIECE, region.end);
        if (!(await isThere(pagemap, at, end))) continue;
        const octets = await read(memory, at, end);
        searched += octets.length;
        for (const name of search.search(octets)) found.add(name);
      }
    }
  } finally {
    await memory.close();
    await pagemap.close();
  }
  return { found: [...found].sort(), searched };
}

/** Stops processes, and returns when they stand still; what it returns lets them go on. One that has ended is left out. */
export async function freeze(pids: readonly number[]): Promise<() => void> {
  const stopped = pids.filter((pid) => signal(pid, 'SIGSTOP'));
  const thaw = (): void => {
    for (const pid of stopped) signal(pid, 'SIGCONT');
  };
  const limit = Date.now() + FREEZE_LIMIT_MS;
  while (stopped.some((pid) => isRunning(pid))) {
    if (Date.now() > limit) {
      thaw();
      throw new Error('a process does not stop');
    }
    await sleep(5);
  }
  return thaw;
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false; // it has ended meanwhile
  }
}

function isRunning(pid: number): boolean {
  return !['T', 'Z', 'X', undefined].includes(/^State:\s+(\S)/m.exec(statusOf(`${pid}`))?.[1]);
}

/** The process and every one that came from it. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = parentOf(name);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

function parentOf(pid: string): number | undefined {
  const parent = /^PPid:\s+(\d+)/m.exec(statusOf(pid))?.[1];
  return parent === undefined ? undefined : Number(parent);
}

/** Empty for a process that has ended meanwhile. */
function statusOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return '';
  }
}

/** Regions of smaps with pages that may hold something of the process's own. */
export function regionsOf(smaps: string): Region[] {
  return smaps
    .split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/)
    .map((text) => {
      const head = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ (\d+)\s*(.*)/.exec(text);
      const kilobytes = (field: string): number =>
        Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
      const [, start = '0', end = '0', rights = '', inode = '0', path = ''] = head ?? [];
      const holds = kilobytes('Rss') + kilobytes('Swap') > 0;
      const isFile = inode !== '0' && !rights.includes('s') && !path.startsWith('/memfd');
      const isChanged = kilobytes('Anonymous') + kilobytes('Swap') > 0;
      const isKernels = path === '[vvar]' || path === '[vsyscall]' || path === '[vvar_vclock]';
      return {
        start: Number.parseInt(start, 16),
        end: Number.parseInt(end, 16),
        counts: holds && !isKernels && (!isFile || isChanged),
      };
    })
    .filter(({ counts }) => counts);
}

async function isThere(pagemap: FileHandle, start: number, end: number): Promise<boolean> {
  const entries = Buffer.alloc(Math.ceil((end - start) / PAGE) * PAGEMAP_ENTRY);
  const { bytesRead } = await pagemap.read(entries, 0, entries.length, (start / PAGE) * PAGEMAP_ENTRY);
  // The highest octet of an entry has the two bits.
  for (let at = PAGEMAP_ENTRY - 1; at < bytesRead; at += PAGEMAP_ENTRY) {
    if (((entries[at] ?? 0) & IS_THERE) !== 0) return true;
  }
  return false;
}

/** A region may go away while it is read, and so may a page in it: then there is nothing to be searched there any more. */
async function read(memory: FileHandle, start: number, end: number): Promise<Buffer> {
  const octets = Buffer.alloc(end - start);
  for (let at = 0; at < octets.length; ) {
    at += (await readSome(memory, octets, at, start + at)) || PAGE;
  }
  return octets;
}

/** How many octets could be read until the next that could not. */
async function readSome(memory: FileHandle, octets: Buffer, offset: number, position: number): Promise<number> {
  try {
    return (await memory.read(octets, offset, octets.length - offset, position)).bytesRead;
  } catch (error) {
    if (['EIO', 'EFAULT'].includes((error as NodeJS.ErrnoException).code ?? '')) return 0;
    throw error;
  }
}
