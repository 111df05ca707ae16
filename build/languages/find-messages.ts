// Finds the messages of a source file: in scripts, and in the markup of components and pages.
import {
  isTemplate,
  type Message,
  Placeholders,
  pluralForms,
  type Range,
  requireClear,
  scriptMessage,
} from './message.ts';
import { childrenOf, type Node, nodesIn, parseSource } from './syntax.ts';

/** Elements that belong to the sentence around them. */
const INLINE = new Set('a abbr b bdi br code em kbd small span strong time wbr'.split(' '));
const EMPTY = new Set(['br', 'wbr']);
/** Attributes whose text is shown or read out. A stylesheet shows `data-label`. */
const ATTRIBUTES = new Set(['aria-label', 'title', 'placeholder', 'alt', 'data-label']);
/** The white space that HTML collapses. A no-break space does not collapse. */
const SPACES = /[ \t\r\n\f]+/g;
const ELEMENTS = new Set(['RegularElement', 'SvelteElement', 'TitleElement']);

/** Returns the messages; a message inside another one comes first. */
export function findMessages(source: string, path: string): readonly Message[] {
  const reader = new Reader(source);
  try {
    reader.visit(parseSource(source, path));
  } catch (cause) {
    throw new Error(`${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  return reader.messages;
}

class Reader {
  readonly messages: Message[] = [];
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  visit(node: Node): void {
    if (node.type === 'Fragment') this.#readFragment(nodesIn(node.nodes));
    else if (ELEMENTS.has(node.type)) this.#readElement(node);
    else this.#readScript(node);
  }

  #readScript(node: Node): void {
    const message = scriptMessage(node, this.#source);
    // The forms of a plural are not separate messages.
    const templates = message?.form === 'plural' ? [...(pluralForms(node)?.entries.values() ?? [])] : [];
    const inside = templates.length > 0 ? nodesIn(node.arguments).slice(0, 1) : childrenOf(node);
    for (const child of inside) this.visit(child);
    for (const template of templates) for (const child of childrenOf(template)) this.visit(child);
    if (message) this.messages.push(message);
  }

  #readElement(node: Node): void {
    this.#readAttributes(node);
    if (!isUntranslated(node)) this.#visitAll(nodesIn(node.fragment));
    else this.#readScripts(node.fragment as Node);
  }

  #visitAll(nodes: readonly Node[]): void {
    for (const node of nodes) this.visit(node);
  }

  /** Reads markup that is not translated: only the scripts in it have messages. */
  #readScripts(node: Node): void {
    if (isTemplate(node) || pluralForms(node)) this.#readScript(node);
    else for (const child of childrenOf(node)) this.#readScripts(child);
  }

  #readAttributes(node: Node): void {
    for (const attribute of nodesIn(node.attributes)) {
      this.#visitAll(childrenOf(attribute));
      const name = String(attribute.name);
      const isText =
        ATTRIBUTES.has(name) || (name === 'content' && textOf(attributeOf(node, 'name')) === 'description');
      if (attribute.type !== 'Attribute' || !isText || isUntranslated(node)) continue;
      this.#add('attribute', nodesIn(attribute.value), attribute, name);
    }
  }

  /** Reads each sequence of text, expressions and inline elements as one message. */
  #readFragment(nodes: readonly Node[]): void {
    let run: Node[] = [];
    for (const node of nodes) {
      if (isInline(node)) {
        run.push(node);
        continue;
      }
      this.#readRun(run);
      run = [];
      this.visit(node);
    }
    this.#readRun(run);
  }

  #readRun(nodes: readonly Node[]): void {
    if (!nodes.some(hasWords)) {
      for (const node of nodes) if (node.type !== 'Text') this.visit(node);
      return;
    }
    this.#readInside(nodes);
    const run = nodes.filter(({ type }) => type !== 'Comment');
    while (isBlank(run[0])) run.shift();
    while (isBlank(run.at(-1))) run.pop();
    const [first, last] = [run[0], run.at(-1)];
    if (!first || !last) return;
    const { start } = first;
    const leading = first.type === 'Text' ? (/^[ \t\r\n\f]*/.exec(rawOf(first))?.[0].length ?? 0) : 0;
    const trailing = last.type === 'Text' ? (/[ \t\r\n\f]*$/.exec(rawOf(last))?.[0].length ?? 0) : 0;
    this.#add('markup', run, { start: start + leading, end: last.end - trailing });
  }

  /** Reads the attributes and scripts in the nodes of one message. */
  #readInside(nodes: readonly Node[]): void {
    for (const node of nodes) {
      if (node.type === 'ExpressionTag') this.visit(node);
      if (!ELEMENTS.has(node.type)) continue;
      this.#readAttributes(node);
      if (isUntranslated(node)) this.#readScripts(node.fragment as Node);
      else this.#readInside(contentOf(node));
    }
  }

  #add(form: Message['form'], nodes: readonly Node[], { start, end }: Range, attribute?: string): void {
    if (!nodes.some(hasWords)) return;
    const placeholders = new Placeholders(this.#source);
    const elements = new Map<number, { readonly open: Range; readonly close?: Range }>();
    const keyOf = (node: Node): string => {
      const text = textOf(node);
      if (text !== undefined) return requireClear(text);
      if (node.type === 'ExpressionTag') return placeholders.add(node.expression as Node);
      const number = elements.size + 1;
      const content = contentOf(node);
      const [firstInside, lastInside] = [content[0], content.at(-1)];
      if (isUntranslated(node) || !firstInside || !lastInside) {
        elements.set(number, { open: node });
        return `<${number}/>`;
      }
      elements.set(number, {
        open: { start: node.start, end: firstInside.start },
        close: { start: lastInside.end, end: node.end },
      });
      return `<${number}>${content.map(keyOf).join('')}</${number}>`;
    };
    const key = nodes.map(keyOf).join('').replace(SPACES, ' ').replace(/^ | $/g, '');
    const { values } = placeholders;
    this.messages.push({
      form,
      key,
      start,
      end,
      tags: [],
      values,
      elements,
      ...(attribute === undefined ? {} : { attribute }),
    });
  }
}

const contentOf = (node: Node): readonly Node[] => nodesIn((node.fragment as Node | undefined)?.nodes);
const rawOf = (node: Node): string => String(node.raw ?? node.data);

function attributeOf(node: Node, name: string): Node | undefined {
  const attribute = nodesIn(node.attributes).find((each) => each.type === 'Attribute' && each.name === name);
  return attribute && nodesIn(attribute.value)[0];
}

const isUntranslated = (node: Node): boolean => textOf(attributeOf(node, 'translate')) === 'no';

/** Returns the text of a text node, or of an expression that is a literal text, such as {' '}. */
function textOf(node: Node | undefined): string | undefined {
  if (node?.type === 'Text') return String(node.data);
  const { type, value } = (node?.expression ?? {}) as Partial<Node>;
  return node?.type === 'ExpressionTag' && type === 'Literal' && typeof value === 'string' ? value : undefined;
}

const hasWords = (node: Node): boolean => /\p{L}/u.test(textOf(node) ?? '');
const isBlank = (node: Node | undefined): boolean => node?.type === 'Text' && /^[ \t\r\n\f]*$/.test(rawOf(node));

/** Whether a node belongs to the sentence around it. */
function isInline(node: Node): boolean {
  if (node.type === 'Text' || node.type === 'ExpressionTag' || node.type === 'Comment') return true;
  if (node.type !== 'RegularElement' || !INLINE.has(String(node.name))) return false;
  return EMPTY.has(String(node.name)) || isUntranslated(node) || contentOf(node).every(isInline);
}
