// Finds the HTML files among the files of a build.
import type { Rolldown } from 'vite';

/** Returns the HTML files. A plugin may change the source of each, or delete it from the bundle. */
export function htmlFiles(bundle: Rolldown.OutputBundle): readonly Rolldown.OutputAsset[] {
  return Object.values(bundle).filter(
    (file): file is Rolldown.OutputAsset => file.type === 'asset' && file.fileName.endsWith('.html'),
  );
}
