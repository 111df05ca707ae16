// Renders every guide from the documents of the repository and checks its links, anchors, pictures
// and elements.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cachedGuides, type Guide, guidesIn, isCached } from '#build/guide/guides.ts';
import { renderGuide } from '#build/guide/render.ts';
import { directionOf, LANGUAGES } from '#build/languages/languages.ts';

const read = (path: string): string => readFileSync(path, 'utf8');
const guides = guidesIn(LANGUAGES);
const pages = new Map(guides.map((guide) => [guide.file, renderGuide(guide, guides, read)]));
const all = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, found = '']) => found);

describe.each(guides)('the guide $file', ({ file, language, source }) => {
  const html = pages.get(file) ?? '';

  it('names its language and direction', () => {
    expect(html).toContain(`<html lang="${language}" dir="${directionOf(language)}">`);
  });

  it('has one heading of the first level, which is its title', () => {
    const [title, ...more] = all(html, /<h1[^>]*>([^<]*)<\/h1>/g);
    expect(more).toEqual([]);
    expect(html).toContain(`<title>${title} – Keyferry</title>`);
  });

  it('links only guides and anchors that exist, and names the language of those in another one', () => {
    const broken = [...html.matchAll(/<a href="([^"]+)"(?: hreflang="(\w+)")?/g)]
      .filter(([, target = '']) => !/^https?:|^[./]+$/.test(target))
      .filter(([, target = '', named = language]) => {
        const [path = '', anchor] = target.split('#');
        const found = path === '' ? file : posix.join(posix.dirname(file), path);
        const isThere = anchor === undefined || pages.get(found)?.includes(`id="${anchor}"`);
        return !isThere || guides.find((guide) => guide.file === found)?.language !== named;
      });
    expect(broken.map(([link]) => link)).toEqual([]);
  });

  it('leads to the page, to its icon and to the styles', () => {
    const top = language === 'en' ? '..' : '../..';
    expect(html).toContain(`<a href="${top}/">Keyferry</a>`);
    expect(html).toContain(`href="${top}/favicon.svg"`);
    expect(html).toContain(`<link rel="stylesheet" href="${language === 'en' ? '' : '../'}guide.css">`);
  });

  it('leads to the same guide in each other language, by the name of that language', () => {
    const others = guides.filter(({ name, ...other }) => file.endsWith(`/${name}.html`) && other.language !== language);
    const links = [...html.matchAll(/<li><a href="([^"]+)" hreflang="(\w+)" lang="\2">/g)];
    expect(links.map(([, path = '']) => posix.join(posix.dirname(file), path))).toEqual(
      others.map((each) => each.file),
    );
  });

  it('has no mark of emphasis that the renderer did not understand', () => {
    const prose = html.replace(/<(pre|code)>.*?<\/\1>|<code class.*?<\/code>/gs, '');
    expect(all(prose, /(.{0,20}(?:\*\*|__|\]\().{0,20})/g)).toEqual([]);
  });

  it('has no script, no inline style and no request to another server', () => {
    expect(html).not.toMatch(/<script|<style|\bstyle=|\bon\w+=|src="http/);
  });

  it('describes each picture and has it in both themes', () => {
    for (const picture of all(html, /<picture>(.*?)<\/picture>/g)) {
      const images = [...all(picture, /srcset="([^"]+)"/g), ...all(picture, / src="([^"]+)"/g)];
      expect(images.filter((image) => !existsSync(join(dirname(source), image)))).toEqual([]);
      expect(images).toHaveLength(2);
      expect(all(picture, / alt="([^"]+)"/g)).toHaveLength(1);
    }
  });
});

/** Renders a text as the guide on running an AS, or as its list in a language. */
function render(text: string, file = 'guide/as.html'): string {
  const guide = guides.find((each) => each.file === file) as Guide;
  return renderGuide(guide, guides, () => `# A\n\n${text}\n`);
}

describe('a link in a document', () => {
  it('leads to the page of another guide, with its anchor', () => {
    expect(render('[unit](guide/engineer.md#sign-in)')).toContain('<a href="engineer.html#sign-in">unit</a>');
  });

  it('has the title of the guide instead of a file name', () => {
    expect(render('[hosting.md](hosting.md)')).toContain('<a href="hosting.html">A</a>');
  });

  it('leads from a translation to a document in English', () => {
    const html = render('[AS](../../as.md#start) [Loading](engineer.md)', 'guide/de/index.html');
    expect(html).toContain(
      '<p><a href="../as.html#start" hreflang="en">AS</a> <a href="engineer.html">Loading</a></p>',
    );
  });

  it('has an English title that is isolated from the text of a translation', () => {
    const html = render('[as.md](../../as.md)', 'guide/de/index.html');
    expect(html).toContain('<a href="../as.html" hreflang="en"><bdi lang="en">A</bdi></a>');
  });

  it('becomes plain text when the file is not on the server', () => {
    expect(render('see [the code](../web/src/main.ts).')).toContain('<p>see the code.</p>');
  });

  it('keeps the address of another site', () => {
    expect(render('[RFC](https://www.rfc-editor.org/)')).toContain('<a href="https://www.rfc-editor.org/">RFC</a>');
  });
});

describe('a picture', () => {
  it('has a description with quotation marks', () => {
    const html = render('![press "Load"](images/one.webp)');
    expect(html).toContain('alt="press &quot;Load&quot;"');
    expect(html).toContain('srcset="images/one-dark.webp" media="(prefers-color-scheme: dark)"');
  });
});

it('names a table after the heading above it', () => {
  expect(render('## Über بَوّابة ガイド\n\n| a | b |\n|---|---|\n| c | d |\n')).toContain(
    '<div class="table" tabindex="0" role="group" aria-labelledby="über-بَوّابة-ガイド">',
  );
});

it('are only those of the languages that are built', () => {
  expect(guidesIn(['en', 'de']).filter(({ language }) => language === 'de')).toHaveLength(4);
  expect(guidesIn(['en']).map(({ language }) => language)).not.toContain('de');
  expect(cachedGuides('de')).toEqual(['guide/de/engineer.html', 'guide/de/stations.html']);
  const files = [
    'index.html',
    'guide/guide.css',
    'guide/ja/stations.html',
    'guide/engineer.html',
    'guide/de/custody.html',
  ];
  expect(files.map(isCached)).toEqual([true, true, true, true, false]);
});
