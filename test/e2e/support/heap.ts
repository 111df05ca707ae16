// Measures the memory of a page with a heap snapshot: its objects and strings, and the elements,
// requests and buffers of the browser.
import type { CDPSession } from '@playwright/test';

/**
 * The part of a snapshot that this file reads. `nodes` has `node_fields.length` numbers per node.
 */
interface Snapshot {
  readonly snapshot: {
    readonly meta: { readonly node_fields: readonly string[]; readonly node_types: readonly (string | string[])[] };
  };
  readonly nodes: readonly number[];
  readonly strings: readonly string[];
}

export interface HeapContent {
  readonly bytes: number;
  /** Every string and property name once, cut to 1,024 characters. */
  readonly strings: readonly string[];
}

/**
 * Names of heap nodes that are not counted, because they grow during a test and no page can release
 * them. DevTools keeps a record of each request. V8 keeps weak lists of the scripts that ran (each
 * `evaluate` is one) and of the machine code that depends on an object.
 */
const EXCLUDED = ['blink::NetworkResourcesData', 'system / WeakArrayList'];

/**
 * Collects garbage, then reads the heap. Compiled code is not counted, because V8 compiles more as
 * the page runs.
 */
export async function readHeap(session: CDPSession): Promise<HeapContent> {
  const chunks: string[] = [];
  const add = ({ chunk }: { readonly chunk: string }): void => void chunks.push(chunk);
  session.on('HeapProfiler.addHeapSnapshotChunk', add);
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  session.off('HeapProfiler.addHeapSnapshotChunk', add);
  const { snapshot, nodes, strings } = JSON.parse(chunks.join('')) as Snapshot;
  const { node_fields: fields, node_types } = snapshot.meta;
  const field = (named: string): number => fields.indexOf(named);
  const [type, name, size] = [field('type'), field('name'), field('self_size')];
  const code = node_types[type]?.indexOf('code');
  const excluded = new Set(
    strings.flatMap((text, index) => (EXCLUDED.some((each) => text.startsWith(each)) ? [index] : [])),
  );
  let bytes = 0;
  for (let at = 0; at < nodes.length; at += fields.length) {
    if (nodes[at + type] !== code && !excluded.has(nodes[at + name] ?? 0)) bytes += nodes[at + size] ?? 0;
  }
  return { bytes, strings };
}
