// Just enough Markdown for the tests of the documents: sections, tables, code blocks, links. Text in, values out.
import { readFileSync } from 'node:fs';

export function readDocument(path: string): string {
  return readFileSync(path, 'utf8');
}

/** The lines under the heading that begins so, up to the next heading of its level or a higher one. */
export function section(text: string, heading: string): string {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '').startsWith(heading));
  const level = /^#+/.exec(lines[start] ?? '')?.[0].length;
  if (level === undefined) throw new RangeError(`there is no heading "${heading}"`);
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => (/^(#+) /.exec(line)?.[1]?.length ?? Number.POSITIVE_INFINITY) <= level);
  return rest.slice(0, end < 0 ? rest.length : end).join('\n');
}

/** The rows of the first table whose head has all these words, as cells; without the head. */
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

/** The fenced blocks of that language ('' for none). */
export function codeBlocks(text: string, language = ''): string[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, found]) => found === language)
    .map(([, , code = '']) => code);
}

/** What stands in backticks. */
export function inlineCode(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}

/** The targets of all links and images. */
export function linkTargets(text: string): string[] {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
}

/** As forges make them of headings. */
export function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
