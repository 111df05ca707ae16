// Plugin that builds the guides: static pages beside the page, from the Markdown documents
// (docs/adr/0054). A guide has no script and one stylesheet, so the policy of every page suits it.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Plugin } from 'vite';
import { GUIDE_STYLES, guidesIn, picturesOf } from './guides.ts';
import { type GuideSources, renderGuide } from './render.ts';

export interface GuideOptions {
  /** Converts a path in the repository to an absolute path. */
  readonly here: (path: string) => string;
  readonly languages: readonly string[];
}

/**
 * Writes the guides into the folder of one environment. Runs before sealPage(), which hashes and
 * compresses them.
 */
export function addGuide(environment: string, { here, languages }: GuideOptions): Plugin {
  return {
    name: 'keyferry:add-guide',
    apply: 'build',
    applyToEnvironment: ({ name }) => name === environment,
    writeBundle: {
      order: 'pre',
      handler({ dir = '' }) {
        const guides = guidesIn(languages);
        const sources: GuideSources = (path) => readFileSync(here(path), 'utf8');
        for (const guide of guides) {
          const path = join(dir, guide.file);
          mkdirSync(dirname(path), { recursive: true });
          writeFileSync(path, renderGuide(guide, guides, sources));
        }
        for (const guide of guides.filter(({ name }) => name === 'index'))
          cpSync(here(picturesOf(guide.language)), join(dir, dirname(guide.file), 'images'), { recursive: true });
        const styles = ['web/src/ui/shell/tokens.css', 'build/guide/guide.css'];
        writeFileSync(join(dir, GUIDE_STYLES), styles.map((path) => readFileSync(here(path), 'utf8')).join('\n'));
      },
    },
  };
}
