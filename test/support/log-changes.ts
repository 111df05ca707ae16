// Logs of test entries, and the ways in which a log can be changed.
import { utf8 } from '#protocol/bytes/text.ts';
import { leafHash } from '#protocol/log/merkle.ts';
import { LogTree } from '#protocol/log/tree.ts';

export const leavesOf = (count: number, label = 'entry') =>
  Array.from({ length: count }, (_, index) => utf8(`${label} ${index}`));

export function treeOf(leaves: readonly Uint8Array[]): LogTree {
  const tree = new LogTree();
  for (const leaf of leaves) tree.append(leafHash(leaf));
  return tree;
}

/** Returns a copy with one bit flipped. */
export function flip(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.map((byte, at) => (at === (bit >> 3) % bytes.length ? byte ^ (1 << (bit & 7)) : byte));
}

/** Returns the changed leaves. `at` and `other` are positions of entries. */
export type LogChange = (at: number, other: number) => Uint8Array[];

/** The kinds of changes of a log with these entries. */
export function logChanges(entries: readonly Uint8Array[]): [what: string, change: LogChange][] {
  return [
    ['a changed entry', (at) => entries.map((entry, index) => (index === at ? flip(entry, at) : entry))],
    ['a removed entry', (at) => entries.filter((_, index) => index !== at)],
    ['an inserted entry', (at) => [...entries.slice(0, at), utf8('inserted'), ...entries.slice(at)]],
    [
      'a repeated entry',
      (at) => {
        // Repeating the newest entry only appends an entry.
        const repeated = at % (entries.length - 1);
        return [...entries.slice(0, repeated + 1), ...entries.slice(repeated)];
      },
    ],
    ['a fork from some entry on', (at) => [...entries.slice(0, at), ...leavesOf(entries.length + 200 - at, 'fork')]],
    ['a truncation', (at) => entries.slice(0, at)],
    [
      'two exchanged entries',
      (at, other) => {
        const second = at === other ? (at + 1) % entries.length : other;
        const swapped: Uint8Array[] = [...entries];
        [swapped[at], swapped[second]] = [entries[second], entries[at]] as [Uint8Array, Uint8Array];
        return swapped;
      },
    ],
  ];
}
