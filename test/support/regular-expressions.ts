// Finds the regular expressions in source files, with the TypeScript compiler.
import ts from 'typescript';
import { type SourceFile, scriptOf } from './architecture.ts';

export interface FoundExpression {
  /** File and line. */
  readonly place: string;
  readonly source: string;
  readonly flags: string;
}

/** Returns the literals of a file, and the places where `new RegExp` creates other expressions. */
export function expressionsOf(file: SourceFile): { readonly literals: FoundExpression[]; readonly made: string[] } {
  const parsed = ts.createSourceFile(file.path, scriptOf(file), ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  const literals: FoundExpression[] = [];
  const made: string[] = [];
  const visit = (node: ts.Node): void => {
    const place = `${file.path}:${parsed.getLineAndCharacterOfPosition(node.getStart(parsed)).line + 1}`;
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/');
      literals.push({ place, source: node.text.slice(1, end), flags: node.text.slice(end + 1) });
    } else if (
      (ts.isNewExpression(node) || ts.isCallExpression(node)) &&
      node.expression.getText(parsed) === 'RegExp'
    ) {
      made.push(file.path);
    }
    ts.forEachChild(node, visit);
  };
  visit(parsed);
  return { literals, made };
}
