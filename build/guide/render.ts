// Renders a Markdown document as a page of the guides.
import { posix } from 'node:path';
import { Marked, type Tokens } from 'marked';

export interface Guide {
  /** File name without extension. */
  readonly name: string;
  /** Path of the Markdown document in the repository. */
  readonly source: string;
}

/** Returns the text of a file, by its path in the repository. */
export type GuideSources = (path: string) => string;

export const GUIDES: readonly Guide[] = [
  { name: 'index', source: 'docs/guide/README.md' },
  { name: 'engineer', source: 'docs/guide/engineer.md' },
  { name: 'custody', source: 'docs/guide/custody.md' },
  { name: 'firmware', source: 'docs/guide/firmware.md' },
  ...['stations', 'as', 'hosting', 'site-file', 'protocol', 'glossary'].map((name) => ({
    name,
    source: `docs/${name}.md`,
  })),
];

/** Width of the screenshots in CSS pixels. A narrow window shows them smaller. */
const IMAGE_WIDTH = 1024;

/**
 * Returns the HTML of one guide. A link to another guide leads to its page. A link to any other file
 * of the repository becomes plain text, because the file is not on the server.
 */
export function renderGuide({ name, source }: Guide, sources: GuideSources): string {
  const text = sources(source);
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text: heading }: Tokens.Heading): string {
        return `<h${depth} id="${anchorOf(heading)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, text: linked, tokens }: Tokens.Link): string {
        const label = this.parser.parseInline(tokens);
        if (/^https?:|^#/.test(href)) return `<a href="${href}">${label}</a>`;
        const [file = '', anchor] = href.split('#');
        const path = posix.join(posix.dirname(source), file);
        const guide = GUIDES.find((each) => each.source === path);
        if (guide === undefined) return label;
        // The server has no Markdown files, so a link text that is a file name becomes the title of
        // the guide.
        const words = linked.endsWith('.md') ? titleOf(sources(guide.source)) : label;
        return `<a href="${guide.name}.html${anchor === undefined ? '' : `#${anchor}`}">${words}</a>`;
      },
      // A table scrolls in its own box, so that the page does not scroll sideways.
      table(token: Tokens.Table): string {
        return `<div class="table" tabindex="0" role="group" aria-label="Table">${tableOf(token, (cell) => this.parser.parseInline(cell.tokens))}</div>\n`;
      },
      image({ href, text: alt }: Tokens.Image): string {
        const dark = href.replace(/\.png$/, '-dark.png');
        return (
          `<picture><source srcset="${dark}" media="(prefers-color-scheme: dark)">` +
          `<img src="${href}" alt="${alt.replaceAll('"', '&quot;')}" width="${IMAGE_WIDTH}" loading="lazy"></picture>`
        );
      },
    },
  });
  return frame(titleOf(text), name, marked.parse(text, { async: false }));
}

/** Returns the anchor that GitHub generates for a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

function titleOf(text: string): string {
  const [, title] = /^# (.+)$/m.exec(text) ?? [];
  if (title === undefined) throw new Error('a guide has no title');
  return title;
}

function tableOf({ header, rows }: Tokens.Table, inline: (cell: Tokens.TableCell) => string): string {
  const row = (cells: readonly Tokens.TableCell[], tag: string): string =>
    `<tr>${cells.map((cell) => `<${tag}>${inline(cell)}</${tag}>`).join('')}</tr>`;
  const hasHead = header.some((cell) => cell.text !== '');
  const head = hasHead ? `<thead>${row(header, 'th')}</thead>` : '';
  return `<table>${head}<tbody>${rows.map((cells) => row(cells, 'td')).join('')}</tbody></table>`;
}

function frame(title: string, name: string, body: string): string {
  const back = name === 'index' ? '' : '<a href="index.html">Guides</a>';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} – Keyferry</title>
<link rel="icon" href="../favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="guide.css">
</head>
<body>
<nav aria-label="Keyferry"><a href="../">Keyferry</a>${back}</nav>
<main>
${body}</main>
</body>
</html>
`;
}
