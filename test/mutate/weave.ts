// Inserts all mutants of a file into its source. Each mutant is behind a switch, so that the file
// is imported once for all of them: `(__mutant(7) ? changed : original)`.
import type { Host, Mutant } from './mutants.ts';

interface HostNode extends Host {
  readonly mutants: { readonly id: number; readonly mutant: Mutant }[];
  readonly inside: HostNode[];
}

/** Name of the global function that returns whether a mutant is active. */
export const SWITCH = '__keyferryMutant';

/** @param firstId the id of the first mutant; the others have the following ids */
export function weave(source: string, mutants: readonly Mutant[], firstId: number): string {
  const head = `const __mutant = globalThis.${SWITCH} ?? (() => false); `;
  return head + render(source, 0, source.length, nest(mutants, firstId));
}

function nest(mutants: readonly Mutant[], firstId: number): HostNode[] {
  const nodes = new Map<string, HostNode>();
  for (const [index, mutant] of mutants.entries()) {
    const { kind, start, end } = mutant.host;
    const key = `${start}:${end}:${kind}`;
    const node = nodes.get(key) ?? { kind, start, end, mutants: [], inside: [] };
    node.mutants.push({ id: firstId + index, mutant });
    nodes.set(key, node);
  }
  const roots: HostNode[] = [];
  const open: HostNode[] = [];
  const outerFirst = [...nodes.values()].sort((a, b) => a.start - b.start || b.end - a.end || depth(a) - depth(b));
  for (const node of outerFirst) {
    while ((open.at(-1)?.end ?? Number.POSITIVE_INFINITY) < node.end) open.pop();
    while ((open.at(-1)?.end ?? Number.POSITIVE_INFINITY) <= node.start) open.pop();
    (open.at(-1)?.inside ?? roots).push(node);
    open.push(node);
  }
  return roots;
}

/** Rank of a host among the hosts with the same range: an outer host has a lower rank. */
const depth = ({ kind }: Host): number => ['statements', 'block', 'expression'].indexOf(kind);

function render(source: string, from: number, to: number, nodes: readonly HostNode[]): string {
  let text = '';
  let at = from;
  for (const node of nodes) {
    text += source.slice(at, node.start) + renderHost(source, node);
    at = node.end;
  }
  return text + source.slice(at, to);
}

function renderHost(source: string, { kind, start, end, mutants, inside }: HostNode): string {
  const original = render(source, start, end, inside);
  const [first] = mutants;
  if (kind === 'block') return `{if(__mutant(${first?.id})){}else ${original}}`;
  if (kind === 'statements') return `{if(!__mutant(${first?.id})){${original}}}`;
  const changed = ({ start: from, end: until, text }: Mutant): string =>
    source.slice(start, from) + text + source.slice(until, end);
  return `(${mutants.map(({ id, mutant }) => `__mutant(${id})?(${changed(mutant)}):`).join('')}(${original}))`;
}
