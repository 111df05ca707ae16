// Plugin that builds the guides: static pages beside the page, from the Markdown documents
// (docs/adr/0054). A guide has no script and one stylesheet, so the policy of every page suits it.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { GUIDES, type GuideSources, renderGuide } from './render.ts';

/** Folder of the guides in the folder of the page. */
const FOLDER = 'guide';

export interface GuideOptions {
  /** Returns the absolute path of a path in the repository. */
  readonly here: (path: string) => string;
}

/**
 * Writes the guides into the folder of one environment. Runs before sealPage(), which hashes and
 * compresses them.
 */
export function addGuide(environment: string, { here }: GuideOptions): Plugin {
  return {
    name: 'keyferry:add-guide',
    apply: 'build',
    applyToEnvironment: ({ name }) => name === environment,
    writeBundle: {
      order: 'pre',
      handler({ dir = '' }) {
        const out = join(dir, FOLDER);
        mkdirSync(join(out, 'images'), { recursive: true });
        const styles = ['web/src/ui/shell/tokens.css', 'build/guide/guide.css'];
        writeFileSync(join(out, 'guide.css'), styles.map((path) => readFileSync(here(path), 'utf8')).join('\n'));
        const images = here('docs/guide/images');
        for (const image of readdirSync(images)) copyFileSync(join(images, image), join(out, 'images', image));
        const sources: GuideSources = (path) => readFileSync(here(path), 'utf8');
        for (const guide of GUIDES) writeFileSync(join(out, `${guide.name}.html`), renderGuide(guide, sources));
      },
    },
  };
}
