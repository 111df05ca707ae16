// Checks the imports and some rules of source files against the table in docs/overview.md, and
// returns one sentence per violation. Pure: the caller reads the files.
import { posix } from 'node:path';
import ts from 'typescript';

export interface SourceFile {
  /** Path relative to the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/**
 * A room is the set of files whose path begins with `room`, for example a folder. If several rooms
 * match a file, the room with the longest path applies. A file of a room may import files of the
 * same room, files whose path begins with an entry of `may`, and the packages in `packages`.
 */
export interface Room {
  readonly room: string;
  readonly may: readonly string[];
  readonly packages?: readonly (string | RegExp)[];
}

/** Caches the specifiers of each file, because several rules read them for a thousand files. */
const known = new WeakMap<SourceFile, readonly string[]>();

/** The import aliases, as in "imports" of package.json. */
const ALIASES: readonly (readonly [alias: string, folder: string])[] = [
  ['#protocol/', 'protocol/'],
  ['#device-sim/', 'device-sim/'],
  ['#device-host/', 'device-host/'],
  ['#as-service/', 'as-service/'],
  ['#web/', 'web/src/'],
  ['#build/', 'build/'],
  ['#test/', 'test/'],
];

/**
 * Returns every specifier that the file imports: in static and dynamic imports, type imports,
 * re-exports and worker URLs. For a component, includes the imports of its scripts.
 */
export function importsOf(file: SourceFile): readonly string[] {
  const imports = known.get(file) ?? readImports(file);
  known.set(file, imports);
  return imports;
}

function readImports(file: SourceFile): readonly string[] {
  const code = scriptOf(file);
  const listed = ts.preProcessFile(code, true, true).importedFiles.map((imported) => imported.fileName);
  const urls = [...code.matchAll(/new URL\(\s*(['"])(.+?\.ts)\1\s*,\s*import\.meta\.url/g)].map(
    ([, , path = '']) => path,
  );
  return [...listed, ...urls];
}

/** Returns one sentence per import that the file's room does not allow. */
export function brokenArrows(rooms: readonly Room[], file: SourceFile): string[] {
  const room = roomOf(rooms, file.path);
  if (room === undefined) return [`${file.path} stands in no room`];
  return importsOf(file).flatMap((specifier) => {
    const target = resolve(file.path, specifier);
    const allowed =
      target === undefined
        ? (room.packages ?? []).some((name) => (typeof name === 'string' ? specifier === name : name.test(specifier)))
        : target.startsWith(room.room) || room.may.some((path) => target.startsWith(path));
    return allowed ? [] : [`${file.path} imports ${specifier}, which ${room.room} may not`];
  });
}

/**
 * Returns one sentence per import whose target is not obvious: a relative import across top
 * folders, or an import without the file extension.
 */
export function unclearImports(file: SourceFile): string[] {
  return importsOf(file).flatMap((specifier) => {
    const target = resolve(file.path, specifier);
    if (target === undefined) return [];
    const problems: string[] = [];
    const top = (path: string): string | undefined => path.split('/')[0];
    if (specifier.startsWith('.') && top(target) !== top(file.path))
      problems.push('crosses a top folder by a relative path');
    if (!/\.(ts|svelte|css|json)(\?[\w&]+)?$/.test(specifier)) problems.push('has no extension');
    return problems.map((problem) => `${file.path}: ${specifier} ${problem}`);
  });
}

/**
 * Returns one sentence for the first line that has `name` as an identifier outside comments and
 * strings.
 */
export function saysIdentifier(file: SourceFile, name: string): string[] {
  return findNode(file, name, (node) => ts.isIdentifier(node) && node.text === name, `says ${name}`);
}

/** Returns a sentence for the first line that reads the clock of this computer. */
export function readsClock(file: SourceFile): string[] {
  const isDate = (node: ts.Node): boolean => ts.isIdentifier(node) && node.text === 'Date';
  const reads = (node: ts.Node): boolean =>
    (ts.isNewExpression(node) && isDate(node.expression) && !node.arguments?.length) ||
    (ts.isCallExpression(node) && isDate(node.expression)) ||
    (ts.isPropertyAccessExpression(node) && isDate(node.expression) && node.name.text === 'now');
  return findNode(file, 'Date', reads, 'reads the clock of this computer');
}

export function saysAny(file: SourceFile): string[] {
  return findNode(file, 'any', (node) => node.kind === ts.SyntaxKind.AnyKeyword, 'says any');
}

export function hasTry(file: SourceFile): string[] {
  return findNode(file, 'try', ts.isTryStatement, 'has a try');
}

export function silencesCompiler(file: SourceFile): string[] {
  const silencer = /@ts-(ignore|expect-error|nocheck)/;
  return silencer.test(file.text) ? [`${file.path} silences the compiler`] : [];
}

export function tooLong(file: SourceFile, limit: number): string[] {
  const lines = file.text.split('\n').length - 1;
  return lines > limit ? [`${file.path} has ${lines} lines, the limit is ${limit}`] : [];
}

/** Returns one sentence per cycle of imports between files, including type imports. */
export function fileCycles(files: readonly SourceFile[]): string[] {
  return cycles(importGraph(files));
}

/** Returns one sentence per cycle of imports between folders, including type imports. */
export function folderCycles(files: readonly SourceFile[]): string[] {
  const folders = new Map<string, Set<string>>();
  for (const [path, targets] of importGraph(files)) {
    const folder = posix.dirname(path);
    const others = folders.get(folder) ?? new Set();
    for (const target of targets) if (posix.dirname(target) !== folder) others.add(posix.dirname(target));
    folders.set(folder, others);
  }
  return cycles(folders);
}

type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** Returns the files that each file imports, without packages and assets. */
function importGraph(files: readonly SourceFile[]): Graph {
  const paths = new Set(files.map(({ path }) => path));
  return new Map(
    files.map((file) => {
      const targets = importsOf(file).map((specifier) => resolve(file.path, specifier.replace(/\?.*$/, '')));
      return [file.path, new Set(targets.filter((target) => target !== undefined && paths.has(target)) as string[])];
    }),
  );
}

/**
 * Returns the strongly connected components with more than one node (R. Tarjan, 1972), as one
 * sentence each.
 */
function cycles(graph: Graph): string[] {
  const found: string[] = [];
  const order = new Map<string, number>();
  const stack: string[] = [];
  const visit = (node: string): number => {
    let low = order.size;
    order.set(node, low);
    stack.push(node);
    const own = low;
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next));
      else if (stack.includes(next)) low = Math.min(low, order.get(next) ?? low);
    }
    if (low === own) {
      const component = stack.splice(stack.indexOf(node));
      if (component.length > 1) found.push(`a cycle of imports: ${component.sort().join(', ')}`);
    }
    return low;
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return found;
}

function roomOf(rooms: readonly Room[], path: string): Room | undefined {
  return rooms
    .filter((candidate) => path.startsWith(candidate.room))
    .sort((a, b) => b.room.length - a.room.length)
    .at(0);
}

/** Returns the path of an imported file in the repository, or undefined for a package. */
function resolve(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(from), specifier);
  const alias = ALIASES.find(([start]) => specifier.startsWith(start));
  return alias === undefined ? undefined : alias[1] + specifier.slice(alias[0].length);
}

/** Parses a file only if its text contains `word`. Otherwise no node can match. */
function findNode(file: SourceFile, word: string, matches: (node: ts.Node) => boolean, what: string): string[] {
  if (!file.text.includes(word)) return [];
  const source = ts.createSourceFile(file.path, scriptOf(file), ts.ScriptTarget.ES2022, true);
  const visit = (node: ts.Node): ts.Node | undefined => (matches(node) ? node : ts.forEachChild(node, visit));
  const found = visit(source);
  if (found === undefined) return [];
  return [`${file.path}:${source.getLineAndCharacterOfPosition(found.getStart()).line + 1} ${what}`];
}

/**
 * Returns the code of a file. For a component, returns its scripts, followed by each expression of
 * the markup as a statement, so that the checks also find `{navigator.usb}` in markup.
 */
export function scriptOf(file: SourceFile): string {
  if (!file.path.endsWith('.svelte')) return file.text;
  const blank = (text: string): string => text.replace(/[^\n]/g, ' ');
  let script = '';
  let markup = file.text.replace(/<style[\s\S]*?<\/style>|<!--[\s\S]*?-->/g, blank);
  markup = markup.replace(
    /(<script[^>]*>)([\s\S]*?)(<\/script>)/g,
    (_all, open: string, code: string, close: string) => {
      script += `${code}\n`;
      return blank(open + code + close);
    },
  );
  const expressions = [
    ...markup.matchAll(/\{[#:@/]?(?:if|else if|else|each|await|key|snippet|render|html|const)?([^{}]*)\}/g),
  ];
  return `${script}${expressions.map(([, code = '']) => `;(${code});`).join('\n')}`;
}
