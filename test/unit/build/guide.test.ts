// Renders every guide from the documents of the repository and checks its links, anchors, pictures
// and elements.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { GUIDES, renderGuide } from '#build/guide/render.ts';

const read = (path: string): string => readFileSync(path, 'utf8');
const pages = new Map(GUIDES.map((guide) => [`${guide.name}.html`, renderGuide(guide, read)]));
const all = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, found = '']) => found);

describe.each([...pages])('the guide %s', (name, html) => {
  it('has one heading of the first level, which is its title', () => {
    const [title, ...more] = all(html, /<h1[^>]*>([^<]*)<\/h1>/g);
    expect(more).toEqual([]);
    expect(html).toContain(`<title>${title} – Keyferry</title>`);
  });

  it('links only guides and anchors that exist', () => {
    const broken = all(html, /href="([^"]+)"/g)
      .filter((target) => !/^https?:|^\.\.\/|\.css$/.test(target))
      .filter((target) => {
        const [file = '', anchor] = target.split('#');
        const page = pages.get(file === '' ? name : file);
        return page === undefined || (anchor !== undefined && !page.includes(`id="${anchor}"`));
      });
    expect(broken).toEqual([]);
  });

  it('has no script, no inline style and no request to another server', () => {
    expect(html).not.toMatch(/<script|<style|\bstyle=|\bon\w+=|src="http/);
  });

  it('describes each picture and has it in both themes', () => {
    for (const picture of all(html, /<picture>(.*?)<\/picture>/g)) {
      const files = [...all(picture, /srcset="([^"]+)"/g), ...all(picture, / src="([^"]+)"/g)];
      expect(files.map((file) => existsSync(`docs/guide/${file}`))).toEqual([true, true]);
      expect(all(picture, / alt="([^"]+)"/g)).toHaveLength(1);
    }
  });
});

describe('a link in a document', () => {
  const render = (text: string): string => renderGuide({ name: 'as', source: 'docs/as.md' }, () => `# A\n\n${text}\n`);

  it('leads to the page of another guide, with its anchor', () => {
    expect(render('[unit](guide/engineer.md#sign-in)')).toContain('<a href="engineer.html#sign-in">unit</a>');
  });

  it('has the title of the guide instead of a file name', () => {
    expect(render('[hosting.md](hosting.md)')).toContain('<a href="hosting.html">A</a>');
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
    const html = renderGuide({ name: 'as', source: 'docs/as.md' }, () => '# A\n\n![press "Load"](images/one.png)\n');
    expect(html).toContain('alt="press &quot;Load&quot;"');
    expect(html).toContain('srcset="images/one-dark.png" media="(prefers-color-scheme: dark)"');
  });
});
