// Reads sections, tables, code blocks and links from Markdown text, for the tests of the documents.
import { readFileSync } from 'node:fs';

export function readDocument(path: string): string {
  return readFileSync(path, 'utf8');
}

/**
 * Returns the lines below the first heading that begins with `heading`, up to the next heading of
 * the same or a higher level.
 * @throws RangeError if no heading begins with `heading`
 */
export function section(text: string, heading: string): string {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '').startsWith(heading));
  const level = /^#+/.exec(lines[start] ?? '')?.[0].length;
  if (level === undefined) throw new RangeError(`there is no heading "${heading}"`);
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => (/^(#+) /.exec(line)?.[1]?.length ?? Number.POSITIVE_INFINITY) <= level);
  return rest.slice(0, end < 0 ? rest.length : end).join('\n');
}

/**
 * Returns the rows of the first table that has all columns of `head`. Each row is a list of cells.
 * The head of the table is left out.
 * @throws RangeError if no table has these columns
 */
export function table(text: string, ...head: readonly string[]): string[][] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith('|') && head.every((word) => cells(line).includes(word)));
  if (start < 0) throw new RangeError(`there is no table with the columns ${head.join(', ')}`);
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  return lines.slice(start + 2, end < 0 ? lines.length : end).map(cells);
}

function cells(line: string): string[] {
  return line
    .replace(/^\||\|$/g, '')
    .split('|')
    .map((cell) => cell.trim());
}

/**
 * Returns the fenced blocks of a language. The empty string selects the blocks without a language.
 */
export function codeBlocks(text: string, language = ''): string[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, found]) => found === language)
    .map(([, , code = '']) => code);
}

/** Returns the texts between single backticks. */
export function inlineCode(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}

/** Returns the targets of all links and images outside fenced blocks. */
export function linkTargets(text: string): string[] {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
}

/** Returns the anchors that GitHub generates for the headings. */
export function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
