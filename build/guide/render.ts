// Renders a Markdown document as a page of the guides.
import { posix } from 'node:path';
import { Marked, type Tokens } from 'marked';
import { directionOf, languageName } from '../languages/languages.ts';
import { GUIDE_STYLES, type Guide } from './guides.ts';

/** Returns the text of a file, by its path in the repository. */
export type GuideSources = (path: string) => string;

/** Width of the screenshots in CSS pixels. A narrow window shows them smaller. */
const IMAGE_WIDTH = 1024;

/**
 * Returns the HTML of one guide. A link to another of the `guides` leads to its page. A link to any
 * other file of the repository becomes plain text, because the file is not on the server.
 */
export function renderGuide(guide: Guide, guides: readonly Guide[], sources: GuideSources): string {
  const text = sources(guide.source);
  /** The heading above the table that is rendered. */
  let heading = '';
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text: title }: Tokens.Heading): string {
        heading = anchorOf(title);
        return `<h${depth} id="${heading}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, text: linked, tokens }: Tokens.Link): string {
        const label = this.parser.parseInline(tokens);
        if (/^https?:|^#/.test(href)) return `<a href="${href}">${label}</a>`;
        const [file = '', anchor] = href.split('#');
        const path = posix.join(posix.dirname(guide.source), file);
        const target = guides.find(({ source }) => source === path);
        if (target === undefined) return label;
        // The server has no Markdown files, so a link text that is a file name becomes the title of
        // the guide.
        const words = linked.endsWith('.md') ? titleIn(target, guide, sources) : label;
        return linkTo(target, guide, words, anchor === undefined ? '' : `#${anchor}`);
      },
      // A table scrolls in its own box, so that the page does not scroll sideways.
      table(token: Tokens.Table): string {
        const rows = tableOf(token, (cell) => this.parser.parseInline(cell.tokens));
        return `<div class="table" tabindex="0" role="group" aria-labelledby="${heading}">${rows}</div>\n`;
      },
      image({ href, text: alt }: Tokens.Image): string {
        const dark = href.replace(/\.webp$/, '-dark.webp');
        return (
          `<picture><source srcset="${dark}" media="(prefers-color-scheme: dark)">` +
          `<img src="${href}" alt="${alt.replaceAll('"', '&quot;')}" width="${IMAGE_WIDTH}" loading="lazy"></picture>`
        );
      },
    },
  });
  const body = marked.parse(text, { async: false });
  return frame(guide, { title: titleOf(text), body, links: linksOf(guide, guides, sources) });
}

/**
 * Returns the title of a guide. If the guide is in another language, the title is isolated from the
 * text around it.
 */
function titleIn(target: Guide, { language }: Guide, sources: GuideSources): string {
  const title = titleOf(sources(target.source));
  return target.language === language ? title : `<bdi lang="${target.language}">${title}</bdi>`;
}

/**
 * Returns a link from a guide to another. If the other guide is in another language, the link says
 * so.
 */
function linkTo(target: Guide, from: Guide, words: string, anchor = '', more = ''): string {
  const language = target.language === from.language ? '' : ` hreflang="${target.language}"`;
  const path = posix.relative(posix.dirname(from.file), target.file);
  return `<a href="${path}${anchor}"${language}${more}>${words}</a>`;
}

/** Returns the links above a guide: to the list of guides, and to the same guide in other languages. */
function linksOf(guide: Guide, guides: readonly Guide[], sources: GuideSources): string {
  const index = guides.find(({ name, language }) => name === 'index' && language === guide.language);
  const isIndex = index === undefined || index === guide;
  const back = isIndex ? '' : linkTo(index, guide, titleOf(sources(index.source)));
  const others = guides
    .filter(({ name, language }) => name === guide.name && language !== guide.language)
    .map((other) => `<li>${linkTo(other, guide, languageName(other.language), '', ` lang="${other.language}"`)}</li>`);
  return back + (others.length > 0 ? `<ul>${others.join('')}</ul>` : '');
}

/** Returns the anchor that GitHub generates for a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N} _-]/gu, '')
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

interface Content {
  readonly title: string;
  readonly body: string;
  readonly links: string;
}

function frame({ file, language }: Guide, { title, body, links }: Content): string {
  const folder = posix.dirname(file);
  const top = posix.relative(folder, '');
  return `<!doctype html>
<html lang="${language}" dir="${directionOf(language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} – Keyferry</title>
<link rel="icon" href="${top}/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${posix.relative(folder, GUIDE_STYLES)}">
</head>
<body>
<nav aria-label="Keyferry"><a href="${top}/">Keyferry</a>${links}</nav>
<main>
${body}</main>
</body>
</html>
`;
}
