// Finds texts for the operator that are not messages: string literals that read as words and do not
// have the tag `t` (web/src/text/t.ts), in scripts, in expressions of the markup and in the props
// of components. The text of the markup itself is a message without a tag.
import { parse } from 'svelte/compiler';
import { parseSync } from 'vite';
import type { SourceFile } from './architecture.ts';

interface Node {
  readonly type: string;
  readonly [field: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

/** Attributes of elements that a reader reads. Their static text is a message without a tag. */
const TEXT_ATTRIBUTES = new Set(['aria-label', 'title', 'placeholder', 'alt']);

/** Functions whose arguments are not shown: names, selectors, events and parts of texts. */
const NAME_CALLS =
  /^(?:querySelector|querySelectorAll|closest|matches|getElementById|(?:add|remove)EventListener|setProperty|getAttribute|setAttribute|includes|startsWith|endsWith|indexOf|split|replace|replaceAll|test|match|createElement|get|has|set|resolvedOptions|toLocaleString|keep)$/;

const COMPARISONS = new Set(['===', '!==', '==', '!=', 'in']);

/** Whether a text reads as words: a letter beside a space, or a capital before a small letter. */
function readsAsWords(text: string): boolean {
  return /\p{L}{2,} |^ ?\p{L}+ $| \p{L}{2,}|^[^\p{L}]*\p{Lu}\p{Ll}+/u.test(text);
}

function nameOf(callee: unknown): string {
  if (!isNode(callee)) return '';
  if (callee.type === 'MemberExpression') return nameOf(callee.property);
  if (callee.type === 'ChainExpression') return nameOf(callee.expression);
  return typeof callee.name === 'string' ? callee.name : '';
}

/**
 * Where a node is: in code, in the prop of a component, in the text of the markup, or where strings
 * are never shown.
 */
type Place = 'code' | 'prop' | 'shown' | 'name';

function textOf(node: Node): string | undefined {
  if (node.type === 'Literal') return typeof node.value === 'string' ? node.value : undefined;
  if (node.type !== 'TemplateLiteral') return undefined;
  const quasis = node.quasis as readonly { readonly value: { readonly cooked: string } }[];
  return quasis.map(({ value }) => value.cooked).join('{}');
}

/** Returns where the child `field` of `node` is. */
function placeOf(node: Node, field: string, place: Place): Place {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
      return field === 'source' ? 'name' : place;
    case 'Property':
    case 'PropertyDefinition':
      return field === 'key' ? 'name' : place;
    case 'MemberExpression':
      return field === 'property' ? 'name' : place;
    case 'BinaryExpression':
      return COMPARISONS.has(String(node.operator)) ? 'name' : place;
    case 'SwitchCase':
    case 'ConditionalExpression':
    case 'IfBlock':
      return field === 'test' ? 'name' : place === 'shown' || node.type !== 'IfBlock' ? place : 'code';
    case 'CallExpression':
      return field === 'arguments' && NAME_CALLS.test(nameOf(node.callee))
        ? 'name'
        : field === 'arguments' && place === 'shown'
          ? 'code'
          : place;
    case 'NewExpression':
      // Of all errors, the page shows only the texts of a FileError.
      return /(?<!^File)Error$/.test(nameOf(node.callee)) ? 'name' : 'code';
    case 'Attribute':
      return TEXT_ATTRIBUTES.has(String(node.name)) ? 'shown' : 'name';
    case 'ExpressionTag':
      return place === 'code' ? 'shown' : place;
    case 'ClassDirective':
    case 'StyleDirective':
      return 'name';
    default:
      return node.type.startsWith('TS') && field !== 'expression' ? 'name' : place;
  }
}

function parsed({ path, text }: SourceFile): Node {
  const root: unknown = path.endsWith('.svelte') ? parse(text, { modern: true }) : parseSync(path, text).program;
  if (!isNode(root)) throw new TypeError(`${path} has no syntax tree`);
  return root;
}

/** The text of a static prop of a component, which has no string in the syntax tree. */
function propText(node: Node): string | undefined {
  const { name, value } = node;
  if (name === 'class' || !Array.isArray(value) || !value.every(isNode)) return undefined;
  if (!value.some(({ type }) => type === 'Text')) return undefined;
  return value.map((part) => (part.type === 'Text' ? String(part.data) : '{}')).join('');
}

/** Returns the texts of one source file of web/src that are not messages. */
export function strayTexts(file: SourceFile): readonly string[] {
  const found: string[] = [];

  function visit(node: Node, place: Place, isProp: boolean): void {
    if (node.type === 'Comment' || node.type === 'StyleSheet') return;
    if (node.type === 'TaggedTemplateExpression' && nameOf(node.tag) === 't' && isNode(node.quasi)) {
      visitAll(node.quasi.expressions, 'code');
      return;
    }
    const text = isProp ? propText(node) : place === 'name' ? undefined : textOf(node);
    if (text !== undefined && (place === 'shown' ? /\p{L}/u.test(text) : readsAsWords(text))) {
      found.push(text);
      return;
    }
    const isComponent = node.type === 'Component';
    for (const [field, value] of Object.entries(node)) {
      if (field === 'metadata') continue;
      const inside = isProp ? (node.name === 'class' ? 'name' : 'prop') : placeOf(node, field, place);
      visitAll(value, inside, isComponent && field === 'attributes');
    }
  }

  function visitAll(value: unknown, place: Place, areProps = false): void {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) visit(child, place, areProps && child.type === 'Attribute');
    }
  }

  visit(parsed(file), 'code', false);
  return found;
}
