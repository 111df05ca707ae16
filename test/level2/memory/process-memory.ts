// Searches the whole memory of another process from outside (Linux: /proc/PID/smaps, pagemap and mem). Left out is only what cannot hold
// a word of the process: pages that are not there, and unchanged pages of files that it maps.
import { readdirSync, readFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
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

const PIECE = 4 * 1024 * 1024;
const PAGE = 4096;
const PAGEMAP_ENTRY = 8;
/** Present in memory, or in the swap. */
const IS_THERE = 0xc0;

/** The process goes on meanwhile. @throws where it may not be looked into, or is not there */
export async function scanProcess(pid: number, patterns: readonly Pattern[]): Promise<ScanResult> {
  const search = new PatternSearch(patterns);
  const found = new Set<string>();
  let searched = 0;
  const memory = await open(`/proc/${pid}/mem`, 'r');
  const pagemap = await open(`/proc/${pid}/pagemap`, 'r');
  try {
    for (const region of regionsOf(readFileSync(`/proc/${pid}/smaps`, 'latin1'))) {
      // A pattern may lie over the border of two pieces.
      const step = PIECE - (search.longest - 1);
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
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
  } catch {
    return undefined; // it has ended meanwhile
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

/** A region may go away while it is read: then there is nothing to be searched any more. */
async function read(memory: FileHandle, start: number, end: number): Promise<Buffer> {
  const octets = Buffer.alloc(end - start);
  try {
    const { bytesRead } = await memory.read(octets, 0, octets.length, start);
    return octets.subarray(0, bytesRead);
  } catch (error) {
    if (['EIO', 'EFAULT'].includes((error as NodeJS.ErrnoException).code ?? '')) return octets.subarray(0, 0);
    throw error;
  }
}
