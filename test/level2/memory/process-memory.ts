// Searches the memory of another process (Linux: /proc/PID/smaps, pagemap and mem). Omits only
// pages that cannot contain data of the process: absent pages, and unchanged pages of mapped files.
import { readdirSync, readFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Pattern, PatternSearch } from './pattern-search.ts';

export interface ScanResult {
  /** Names of the patterns found. */
  readonly found: readonly string[];
  /** Number of bytes searched. */
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
/**
 * Mask for the highest byte of a pagemap entry. One bit means that the page is in memory, the other
 * that the page is in swap.
 */
const IS_PRESENT = 0xc0;

/**
 * Searches the memory of a process. May miss data that a running process moves: see freeze(). A
 * search that misses memory finds nothing, which looks like success. As a control, each test
 * therefore plants a secret and must then find it.
 * @throws Error if this process may not read the memory of the other process
 */
export async function scanProcess(pid: number, patterns: readonly Pattern[]): Promise<ScanResult> {
  const search = new PatternSearch(patterns);
  const found = new Set<string>();
  let searched = 0;
  const memory = await open(`/proc/${pid}/mem`, 'r');
  const pagemap = await open(`/proc/${pid}/pagemap`, 'r');
  try {
    for (const region of regionsOf(readFileSync(`/proc/${pid}/smaps`, 'latin1'))) {
      // Pieces overlap, since a pattern may cross a border. Each starts at a page.
      const step = PIECE - Math.ceil((search.longest - 1) / PAGE) * PAGE;
      for (let at = region.start; at < region.end; at += step) {
        const end = Math.min(at + PIECE, region.end);
        if (!(await isPresent(pagemap, at, end))) continue;
        const bytes = await read(memory, at, end);
        searched += bytes.length;
        for (const name of search.search(bytes)) found.add(name);
      }
    }
  } finally {
    await memory.close();
    await pagemap.close();
  }
  return { found: [...found].sort(), searched };
}

/**
 * Stops processes with SIGSTOP and resolves when all have stopped. Skips processes that have ended.
 * Returns a function that resumes the processes. A search of a running process can miss objects
 * that the garbage collector of the process moves.
 */
export async function freeze(pids: readonly number[]): Promise<() => void> {
  const stopped = pids.filter((pid) => signal(pid, 'SIGSTOP'));
  const resume = (): void => {
    for (const pid of stopped) signal(pid, 'SIGCONT');
  };
  const limit = Date.now() + FREEZE_LIMIT_MS;
  while (stopped.some((pid) => isRunning(pid))) {
    if (Date.now() > limit) {
      resume();
      throw new Error('a process does not stop');
    }
    await sleep(5);
  }
  return resume;
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false; // the process has ended
  }
}

function isRunning(pid: number): boolean {
  return !['T', 'Z', 'X', undefined].includes(/^State:\s+(\S)/m.exec(statusOf(`${pid}`))?.[1]);
}

/** Returns the ids of the process and its descendants. */
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

/** Returns the status file of a process; an empty text if the process has ended. */
function statusOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return '';
  }
}

/** Returns the regions in the text of smaps that may contain data of the process. */
function regionsOf(smaps: string): Region[] {
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

async function isPresent(pagemap: FileHandle, start: number, end: number): Promise<boolean> {
  const entries = Buffer.alloc(Math.ceil((end - start) / PAGE) * PAGEMAP_ENTRY);
  const { bytesRead } = await pagemap.read(entries, 0, entries.length, (start / PAGE) * PAGEMAP_ENTRY);
  // Reads only the highest byte of each entry, which has the two bits of IS_PRESENT.
  for (let at = PAGEMAP_ENTRY - 1; at < bytesRead; at += PAGEMAP_ENTRY) {
    if (((entries[at] ?? 0) & IS_PRESENT) !== 0) return true;
  }
  return false;
}

/** Reads a range. Pages that the process unmaps meanwhile are zero in the result. */
async function read(memory: FileHandle, start: number, end: number): Promise<Buffer> {
  const bytes = Buffer.alloc(end - start);
  for (let at = 0; at < bytes.length; ) {
    at += (await readSome(memory, bytes, at, start + at)) || PAGE;
  }
  return bytes;
}

/** Reads up to the next unreadable byte. @returns the number of bytes read */
async function readSome(memory: FileHandle, bytes: Buffer, offset: number, position: number): Promise<number> {
  try {
    return (await memory.read(bytes, offset, bytes.length - offset, position)).bytesRead;
  } catch (error) {
    if (['EIO', 'EFAULT'].includes((error as NodeJS.ErrnoException).code ?? '')) return 0;
    throw error;
  }
}
