// A message: a text for the operator in the source, which a catalogue translates.

import { isAmbiguous } from './pattern.ts';
import { childrenOf, type Node } from './syntax.ts';

/** Positions in the source. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface Message extends Range {
  /** The English text; for a plural, the text of its form "other". */
  readonly key: string;
  /** How the translation is written: as a template, as the forms of a plural, in markup, or as an attribute. */
  readonly form: 'template' | 'plural' | 'markup' | 'attribute';
  /** Name of the attribute. */
  readonly attribute?: string;
  /** The tags `t` of a script, which the build of the English page removes. */
  readonly tags: readonly Range[];
  /** The expressions, by the name of their placeholder. */
  readonly values: ReadonlyMap<string, Range>;
  /** The tags of the elements, by number. An element whose content is not translated has no closing tag. */
  readonly elements: ReadonlyMap<number, { readonly open: Range; readonly close?: Range }>;
}

/** Names the placeholders of one message. */
export class Placeholders {
  readonly values = new Map<string, Range>();
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  /** Returns the placeholder of an expression. Equal expressions have the same one. */
  add(expression: Node): string {
    const { start, end } = expression;
    const text = (range: Range): string => this.#source.slice(range.start, range.end);
    const base = lastName(expression)?.name ?? 'value';
    for (let number = 1; ; number++) {
      const name = number === 1 ? base : `${base}${number}`;
      const earlier = this.values.get(name);
      if (earlier && text(earlier) !== text(expression)) continue;
      if (!earlier) this.values.set(name, { start, end });
      return `{${name}}`;
    }
  }
}

/** Returns the last identifier of an expression, without its types. */
function lastName(node: Node): { readonly name: string; readonly end: number } | undefined {
  if (node.type === 'Identifier' || node.type === 'PrivateIdentifier')
    return { name: String(node.name), end: node.end };
  const children = childrenOf(node).filter(
    ({ type }) => !type.startsWith('TS') || /^TS(As|NonNull|Satisfies)/.test(type),
  );
  return children
    .map(lastName)
    .reduce((last, each) => (last === undefined || (each && each.end > last.end) ? each : last), undefined);
}

/** @throws Error for a text that a catalogue cannot contain */
export function requireClear(text: string): string {
  if (isAmbiguous(text)) throw new Error(`a message contains a brace, or a number as a tag: ${text}`);
  return text;
}

/** Returns the message of a node in a script: a template with the tag `t`, or the forms of plural(). */
export function scriptMessage(node: Node, source: string): Message | undefined {
  const placeholders = new Placeholders(source);
  const { values } = placeholders;
  if (isTemplate(node)) {
    const key = templateKey(node, placeholders);
    const { start, end } = node;
    return { form: 'template', key, start, end, tags: [tagOf(node)], values, elements: new Map() };
  }
  const forms = pluralForms(node);
  if (!forms) return undefined;
  const other = forms.entries.get('other');
  if (other === undefined) throw new Error(`the plural has no form "other": ${source.slice(node.start, node.end)}`);
  const key = templateKey(other, placeholders);
  const templates = [...forms.entries.values()];
  for (const form of templates) templateKey(form, placeholders);
  const { start, end } = forms.object;
  return { form: 'plural', key, start, end, tags: templates.map(tagOf), values, elements: new Map() };
}

/** The tag with the space after it. */
const tagOf = (template: Node): Range => ({ start: template.start, end: (template.quasi as Node).start });

export const isTemplate = (node: Node): boolean =>
  node.type === 'TaggedTemplateExpression' &&
  (node.tag as Node).type === 'Identifier' &&
  (node.tag as Node).name === 't';

/** Returns the second argument of plural(), and its templates by their category. */
export function pluralForms(
  node: Node,
): { readonly object: Node; readonly entries: ReadonlyMap<string, Node> } | undefined {
  if (node.type !== 'CallExpression' || (node.callee as Node).name !== 'plural') return undefined;
  const [, object] = node.arguments as readonly Node[];
  if (object?.type !== 'ObjectExpression') return undefined;
  const entries = (object.properties as readonly Node[]).map((property): readonly [string, Node] => {
    const { name, value } = property.key as Node;
    const template = property.value as Node;
    if (!isTemplate(template)) throw new Error('a form of plural() is not a literal template with the tag t');
    return [String(name ?? value), template];
  });
  return { object, entries: new Map(entries) };
}

function templateKey(node: Node, placeholders: Placeholders): string {
  const { quasis, expressions } = node.quasi as Node;
  return (quasis as readonly Node[])
    .map((part, index) => {
      const expression = (expressions as readonly Node[])[index];
      const { cooked } = part.value as { readonly cooked: string };
      return requireClear(cooked) + (expression ? placeholders.add(expression) : '');
    })
    .join('');
}
