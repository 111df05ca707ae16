// Syntax trees of scripts and components, and edits of their source.
import { parse } from 'svelte/compiler';
import { parseSync } from 'vite';

/** A node of ESTree, or of the tree of a component. A fragment has no position. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Partial<Node>).type === 'string';

export const nodesIn = (value: unknown): readonly Node[] => (Array.isArray(value) ? value : [value]).filter(isNode);

export const childrenOf = (node: Node): readonly Node[] => Object.values(node).flatMap(nodesIn);

/** `path` ends with .ts, .svelte or .html. @throws Error for a fault of syntax */
export function parseSource(source: string, path: string): Node {
  if (!path.endsWith('.ts')) return parse(source, { modern: true, filename: path }) as unknown as Node;
  const { program, errors } = parseSync(path, source);
  const [error] = errors;
  if (error) throw new SyntaxError(`${path}: ${error.message}`);
  return program as unknown as Node;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Replacements in a source. A replacement that contains earlier ones supersedes them. */
export class Edits {
  readonly #source: string;
  #edits: readonly Edit[] = [];

  constructor(source: string) {
    this.#source = source;
  }

  replace(start: number, end: number, text: string): void {
    const others = this.#edits.filter((each) => each.start < start || each.end > end);
    this.#edits = [...others, { start, end, text }].sort((a, b) => a.start - b.start);
  }

  /** Returns a part of the source with the replacements in it. */
  slice(start = 0, end = this.#source.length): string {
    let text = '';
    let position = start;
    for (const edit of this.#edits) {
      if (edit.start < start || edit.end > end) continue;
      text += this.#source.slice(position, edit.start) + edit.text;
      position = edit.end;
    }
    return text + this.#source.slice(position, end);
  }
}
