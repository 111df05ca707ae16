// Finds the places that break ADR 0045: state fields that other files can write, and components
// that write state objects. Pure: the caller reads the files.
import { type AST, parse } from 'svelte/compiler';
import ts from 'typescript';
import type { SourceFile } from './architecture.ts';

/** Returns one sentence per class field that holds `$state` and is not #private. */
export function publicState({ path, text }: SourceFile): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyDeclaration(node) && !ts.isPrivateIdentifier(node.name) && isState(node.initializer)) {
      found.push(`${path}: the state ${node.name.getText()} is not #private`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isState(node: ts.Expression | undefined): boolean {
  if (node === undefined) return false;
  if (ts.isAsExpression(node) || ts.isNonNullExpression(node)) return isState(node.expression);
  return ts.isCallExpression(node) && /^\$state(\.raw)?$/.test(node.expression.getText());
}

/** A node of Svelte's syntax tree or of a script in it, with the fields that this file reads. */
interface Node {
  readonly type: string;
  readonly start?: number;
  readonly [field: string]: unknown;
}

/**
 * Entries of the app context that components may write because they are not state objects. `draft`
 * is input of the operator that must survive a change of view.
 */
const PLAIN_OBJECTS: ReadonlySet<string> = new Set(['draft']);

/**
 * Returns one sentence per assignment or binding in a component to a member of a state object.
 * State objects are props, entries of the app context, objects that the component creates, and
 * every variable that is derived from a state object.
 */
export function writesState({ path, text }: SourceFile): string[] {
  const tree: AST.Root = parse(text, { modern: true, filename: path });
  const all = [...nodes(tree)];
  const objects = new Set<string>();
  for (let size = -1; size < objects.size; ) {
    size = objects.size;
    for (const node of all) for (const name of declared(node, objects)) objects.add(name);
  }
  const line = (start = 0): number => text.slice(0, start).split('\n').length;
  return all
    .filter((node) => written(node).some((target) => isMember(target) && objects.has(rootOf(target) ?? '')))
    .map(({ start }) => `${path}:${line(start)} writes a member of a state object`);
}

function* nodes(node: unknown): Generator<Node> {
  if (typeof node !== 'object' || node === null) return;
  if ('type' in node && typeof node.type === 'string') yield node as Node;
  for (const [field, child] of Object.entries(node)) if (field !== 'metadata') yield* nodes(child);
}

/** Returns the expressions that a node writes. */
function written(node: Node): readonly Node[] {
  if (node.type === 'AssignmentExpression') return [node.left as Node];
  if (node.type === 'UpdateExpression' || (node.type === 'UnaryExpression' && node.operator === 'delete')) {
    return [node.argument as Node];
  }
  return node.type === 'BindDirective' && node.name !== 'this' ? [node.expression as Node] : [];
}

/** Returns the names that a node declares for state objects. */
function declared(node: Node, objects: ReadonlySet<string>): readonly string[] {
  const isObject = (value: unknown): boolean => {
    const expression = value as Node | null | undefined;
    if (!expression) return false;
    if (expression.type === 'NewExpression') return true;
    const root = rootOf(expression);
    return root === '$props' || root === 'appContext' || objects.has(root ?? '');
  };
  if (node.type === 'VariableDeclarator') return isObject(node.init) ? namesIn(node.id) : [];
  if (node.type === 'EachBlock') return isObject(node.expression) ? namesIn(node.context) : [];
  if (node.type === 'AwaitBlock') return isObject(node.expression) ? namesIn(node.value) : [];
  return [];
}

function namesIn(pattern: unknown): readonly string[] {
  return [...nodes(pattern)].flatMap(({ type, name }) =>
    type === 'Identifier' && typeof name === 'string' && !PLAIN_OBJECTS.has(name) ? [name] : [],
  );
}

const isMember = (node: Node): boolean =>
  node.type === 'MemberExpression' || (node.type === 'TSNonNullExpression' && isMember(node.expression as Node));

/**
 * Returns the identifier that an expression starts with. For `$derived(x)`, returns the identifier
 * of x.
 */
function rootOf(node: Node): string | undefined {
  switch (node.type) {
    case 'Identifier':
      return node.name as string;
    case 'MemberExpression':
      return rootOf(node.object as Node);
    case 'CallExpression': {
      const callee = node.callee as Node;
      const [argument] = node.arguments as readonly Node[];
      return callee.type === 'Identifier' && callee.name === '$derived' && argument ? rootOf(argument) : rootOf(callee);
    }
    case 'AwaitExpression':
      return rootOf(node.argument as Node);
    case 'ChainExpression':
    case 'TSAsExpression':
    case 'TSNonNullExpression':
      return rootOf(node.expression as Node);
    case 'LogicalExpression':
      return rootOf(node.left as Node);
    case 'ConditionalExpression':
      return rootOf(node.consequent as Node);
    default:
      return undefined;
  }
}
