// Finds the small changes (mutants) of a source file that a test must notice. Pure.
// docs/reliability.md, "Mutation score by folder", lists the kinds of changes and the code that is
// left out.
import ts from 'typescript';
import { regexChanges } from './regex-changes.ts';

/** One change of a source file: the text from `start` to `end` becomes `text`. */
export interface Mutant {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly host: Host;
}

/** The smallest expression or statement that contains the change and can be replaced on its own. */
export interface Host {
  readonly kind: 'expression' | 'block' | 'statements';
  readonly start: number;
  readonly end: number;
}

type Change = (text: string, node?: ts.Node) => void;

export function mutantsOf(path: string, source: string): Mutant[] {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.ES2022, true);
  const found: Mutant[] = [];
  const range = (node: ts.Node): [number, number] => [node.getStart(file), node.getEnd()];

  function visit(node: ts.Node): void {
    if (isLeftOut(node)) return;
    const change: Change = (text, at = node) => {
      const [start, end] = range(at);
      found.push({ start, end, text, host: expressionHost(node) });
    };
    if (ts.isExpression(node) && !isName(node)) changeExpression(node, change);
    changeStatements(node);
    ts.forEachChild(node, visit);
  }

  function expressionHost(node: ts.Node): Host {
    const [start, end] = range(hostOf(node));
    return { kind: 'expression', start, end };
  }

  function changeStatements(node: ts.Node): void {
    if (ts.isBlock(node) && node.statements.length > 0 && !callsSuper(node)) {
      const [start, end] = range(node);
      found.push({ start, end, text: '{}', host: { kind: 'block', start, end } });
    }
    if (ts.isCaseOrDefaultClause(node) && node.statements.length > 0) remove(node.statements);
    if (ts.isExpressionStatement(node) && isCall(node.expression) && !isAlone(node)) remove([node]);
  }

  function remove(statements: readonly ts.Statement[]): void {
    const [first, last] = [statements[0], statements.at(-1)];
    if (first === undefined || last === undefined) return;
    const [start, end] = [first.getStart(file), last.getEnd()];
    found.push({ start, end, text: '', host: { kind: 'statements', start, end } });
  }

  visit(file);
  return found;
}

function changeExpression(node: ts.Expression, change: Change): void {
  changeCondition(node, change);
  if (ts.isBinaryExpression(node)) changeBinary(node, change);
  else if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) changeUnary(node, change);
  else if (ts.isLiteralExpression(node)) changeLiteral(node, change);
  else if (ts.isTemplateExpression(node)) {
    if (!isMessage(node) && !isTranslated(node)) change('``');
  } else if (node.kind === ts.SyntaxKind.TrueKeyword) change('false');
  else if (node.kind === ts.SyntaxKind.FalseKeyword) change('true');
  else if (ts.isArrayLiteralExpression(node)) change(node.elements.length > 0 ? '[]' : '["mutated"]');
  else if (ts.isObjectLiteralExpression(node) && node.properties.length > 0) change('({})');
  else if (ts.isCallExpression(node)) changeCall(node, change);
  if (isOptional(node)) change(withoutQuestion(node));
  const { parent } = node;
  if (ts.isArrowFunction(parent) && parent.body === node && node.getText() !== 'undefined') change('undefined');
}

/**
 * Replaces a condition by true and by false. Replaces the condition of a loop only by false,
 * because true would make the loop endless.
 */
function changeCondition(node: ts.Expression, change: Change): void {
  const { parent } = node;
  if (isConditionOfLoop(node)) {
    change('false');
    return;
  }
  const isTest =
    (ts.isIfStatement(parent) && parent.expression === node) ||
    (ts.isConditionalExpression(parent) && parent.condition === node);
  if (!isTest && !(ts.isBinaryExpression(node) && YIELDS_BOOLEAN.has(node.operatorToken.getText()))) return;
  change('true');
  change('false');
}

function isConditionOfLoop(node: ts.Expression): boolean {
  const { parent } = node;
  if (ts.isForStatement(parent)) return parent.condition === node;
  return (ts.isWhileStatement(parent) || ts.isDoStatement(parent)) && parent.expression === node;
}

const YIELDS_BOOLEAN = new Set(['<', '>', '<=', '>=', '===', '!==', '&&', '||', 'instanceof', 'in']);

const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '**': ['*'],
  '<<': ['>>'],
  '>>': ['<<'],
  '>>>': ['<<'],
  '&': ['|'],
  '|': ['&'],
  '^': ['&'],
  '<': ['<=', '>='],
  '>': ['>=', '<='],
  '<=': ['<', '>'],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
  '&&': ['||'],
  '||': ['&&'],
  '??': ['&&'],
};

const ASSIGNMENTS: Readonly<Record<string, string>> = {
  '+=': '-=',
  '-=': '+=',
  '*=': '/=',
  '/=': '*=',
  '<<=': '>>=',
  '>>=': '<<=',
  '>>>=': '<<=',
  '|=': '&=',
  '&=': '|=',
  '^=': '&=',
  '||=': '&&=',
  '&&=': '||=',
  '??=': '&&=',
};

function changeBinary(node: ts.BinaryExpression, change: Change): void {
  const { left, operatorToken, right } = node;
  const operator = operatorToken.getText();
  const assignment = ASSIGNMENTS[operator];
  if (assignment !== undefined) change(assignment, operatorToken);
  if (operator === '+' && [left, right].some(isText)) return;
  for (const other of OPERATORS[operator] ?? []) change(`((${left.getText()}) ${other} (${right.getText()}))`);
}

function changeUnary(node: ts.PrefixUnaryExpression | ts.PostfixUnaryExpression, change: Change): void {
  const operand = node.operand.getText();
  const isPrefix = ts.isPrefixUnaryExpression(node);
  if (node.operator === ts.SyntaxKind.PlusPlusToken) change(isPrefix ? `(--${operand})` : `(${operand}--)`);
  else if (node.operator === ts.SyntaxKind.MinusMinusToken) change(isPrefix ? `(++${operand})` : `(${operand}++)`);
  else change(node.operator === ts.SyntaxKind.PlusToken ? `(-${operand})` : `(${operand})`);
}

function changeLiteral(node: ts.LiteralExpression, change: Change): void {
  if (ts.isNumericLiteral(node)) {
    if (!isFallbackOfElement(node)) change(`(${node.getText()} + 1)`);
  } else if (ts.isRegularExpressionLiteral(node)) {
    for (const text of regexChanges(node.getText())) change(text);
  } else if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) {
    if (!isSentence(node.text) && !isTranslated(node)) change(node.text === '' ? '"mutated"' : '""');
  }
}

const OTHER_METHOD = new Map([
  ['some', 'every'],
  ['every', 'some'],
  ['startsWith', 'endsWith'],
  ['endsWith', 'startsWith'],
  ['toUpperCase', 'toLowerCase'],
  ['toLowerCase', 'toUpperCase'],
  ['min', 'max'],
  ['max', 'min'],
]);
const LEAVABLE = new Set(['slice', 'subarray', 'filter', 'sort', 'reverse', 'trim', 'normalize']);

function changeCall(node: ts.CallExpression, change: Change): void {
  const callee = node.expression;
  if (!ts.isPropertyAccessExpression(callee)) return;
  const name = callee.name.text;
  const other = OTHER_METHOD.get(name);
  if (other !== undefined) change(other, callee.name);
  if (LEAVABLE.has(name)) change(`(${callee.expression.getText()})`);
}

/**
 * True for a text with two words. Such a text is a message for people, which tests need not check.
 */
function isSentence(text: string): boolean {
  return /\p{L}[,:)]? \(?\p{L}/u.test(text);
}

/**
 * True for a template that is a message, including a short one such as `${length} bytes` in an
 * error.
 */
function isMessage(node: ts.TemplateExpression): boolean {
  const texts = [node.head.text, ...node.templateSpans.map((span) => span.literal.text)];
  return texts.some((text) => isSentence(text) || (text.includes(' ') && isInError(node)));
}

/** True for a template with the tag `t` (protocol/text/message.ts), which is a message. */
function isTranslated({ parent }: ts.Node): boolean {
  return ts.isTaggedTemplateExpression(parent) && parent.tag.getText() === 't';
}

function isInError(node: ts.Node): boolean {
  for (let at = node.parent; !ts.isStatement(at); at = at.parent) {
    if (ts.isNewExpression(at) && /Error$/.test(at.expression.getText())) return true;
    if (ts.isThrowStatement(at.parent)) return true;
  }
  return false;
}

/**
 * True for the fallback in `bytes[i] ?? 0`, which the compiler requires and which is never used.
 */
function isFallbackOfElement(node: ts.Node): boolean {
  const { parent } = node;
  return (
    ts.isBinaryExpression(parent) &&
    parent.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken &&
    parent.right === node &&
    (ts.isElementAccessExpression(parent.left) || /\.(at|shift|pop)\([^()]*\)$/.test(parent.left.getText()))
  );
}

/**
 * True for types and imports, which do not affect behaviour, and for the target of an assignment,
 * which no other expression can replace.
 */
function isLeftOut(node: ts.Node): boolean {
  return (
    isAssigned(node) ||
    (ts.isTypeNode(node) && !ts.isExpressionWithTypeArguments(node)) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isImportDeclaration(node) ||
    ts.isExportDeclaration(node) ||
    ts.isHeritageClause(node) ||
    (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
  );
}

/** True for the left side of an assignment to several targets, as in `[a, b] = [b, a]`. */
function isAssigned(node: ts.Node): boolean {
  const { parent } = node;
  return (
    (ts.isArrayLiteralExpression(node) || ts.isObjectLiteralExpression(node)) &&
    ts.isBinaryExpression(parent) &&
    parent.left === node &&
    parent.operatorToken.kind === ts.SyntaxKind.EqualsToken
  );
}

/** True for the name of a property, which is not an expression. */
function isName(node: ts.Node): boolean {
  const parent = node.parent as ts.Node & { readonly name?: ts.Node; readonly propertyName?: ts.Node };
  return parent.name === node || parent.propertyName === node;
}

/**
 * Returns the smallest node around `node` that can be replaced on its own. The callee of a call and
 * a part of an optional chain cannot, nor the tag and the template of a tagged template.
 */
function hostOf(node: ts.Node): ts.Node {
  const { parent } = node;
  const isPart =
    ('expression' in parent &&
      parent.expression === node &&
      (ts.isCallExpression(parent) ||
        ts.isNewExpression(parent) ||
        ts.isNonNullExpression(parent) ||
        ts.isOptionalChain(parent))) ||
    ts.isTaggedTemplateExpression(parent);
  return isPart ? hostOf(parent) : node;
}

function isOptional(node: ts.Node): node is ts.CallChain | ts.PropertyAccessChain | ts.ElementAccessChain {
  return ts.isOptionalChain(node) && 'questionDotToken' in node && node.questionDotToken !== undefined;
}

function withoutQuestion(node: ts.CallChain | ts.PropertyAccessChain | ts.ElementAccessChain): string {
  const before = node.expression.getText();
  const after = node.getText().slice(before.length).trimStart().slice('?.'.length);
  return ts.isPropertyAccessExpression(node) ? `${before}.${after}` : `${before}${after}`;
}

const isText = (node: ts.Node): boolean => ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);

function isCall(node: ts.Expression): boolean {
  const inner = ts.isAwaitExpression(node) || ts.isVoidExpression(node) ? node.expression : node;
  return ts.isCallExpression(inner) && inner.expression.kind !== ts.SyntaxKind.SuperKeyword;
}

/** True for the only statement of a block. Removing it is the same change as emptying the block. */
function isAlone(node: ts.Statement): boolean {
  return ts.isBlock(node.parent) && node.parent.statements.length === 1;
}

function callsSuper(block: ts.Block): boolean {
  return ts.isConstructorDeclaration(block.parent) && /\bsuper\(/.test(block.getText());
}
