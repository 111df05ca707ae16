// What a page holds in memory, by a snapshot of its heap: its objects and text, and what the browser has for them, such as elements, requests and buffers.
import type { CDPSession } from '@playwright/test';

/** As much of a snapshot as is read here; `nodes` has `node_fields.length` numbers for each. */
interface Snapshot {
  readonly snapshot: {
    readonly meta: { readonly node_fields: readonly string[]; readonly node_types: readonly (string | string[])[] };
  };
  readonly nodes: readonly number[];
  readonly strings: readonly string[];
}

export interface Held {
  readonly bytes: number;
  /** Every text that a script has, and every name of a field, once each; 1024 characters of it at most. */
  readonly strings: readonly string[];
}

/**
 * What no page can drop, and what therefore is not counted: DevTools keeps a record of each request as long as a test listens, and V8 lists weakly
 * each script that ran (every call between a test and a page is one) and the machine code that depends on an object.
 */
const NOT_THE_PAGES = ['blink::NetworkResourcesData', 'system / WeakArrayList'];

/** Garbage is collected first. V8's code is left out: as the page warms up more and more of it is compiled. */
export async function readHeld(session: CDPSession): Promise<Held> {
  const chunks: string[] = [];
  const take = ({ chunk }: { readonly chunk: string }): void => void chunks.push(chunk);
  session.on('HeapProfiler.addHeapSnapshotChunk', take);
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  session.off('HeapProfiler.addHeapSnapshotChunk', take);
  const { snapshot, nodes, strings } = JSON.parse(chunks.join('')) as Snapshot;
  const { node_fields: fields, node_types } = snapshot.meta;
  const field = (named: string): number => fields.indexOf(named);
  const [type, name, size] = [field('type'), field('name'), field('self_size')];
  const code = node_types[type]?.indexOf('code');
  const passedOver = new Set(
    strings.flatMap((text, index) => (NOT_THE_PAGES.some((each) => text.startsWith(each)) ? [index] : [])),
  );
  let bytes = 0;
  for (let at = 0; at < nodes.length; at += fields.length) {
    if (nodes[at + type] !== code && !passedOver.has(nodes[at + name] ?? 0)) bytes += nodes[at + size] ?? 0;
  }
  return { bytes, strings };
}
