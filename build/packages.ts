// Lists the npm packages whose code is in a build, for the SBOM of a release (docs/release.md). The
// list comes from the bundler, because package.json does not name the packages that other packages
// require. It also names svelte as a development package, although the page contains it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin, Rolldown } from 'vite';

/**
 * Returns a plugin for the builds and one for their workers. They write `<folder>/<build>.json`: a
 * list of package folders as package-lock.json names them, for example "node_modules/svelte". Vite
 * loads its configuration again for each build, so the plugins collect the packages of one build.
 */
export function listPackages(folder: string): { readonly ofBuild: Plugin; readonly ofWorkers: Plugin } {
  const packages = new Set<string>();
  const collect = (bundle: Rolldown.OutputBundle): void => {
    for (const file of Object.values(bundle)) {
      const modules = file.type === 'chunk' ? file.moduleIds : [];
      for (const id of modules) for (const found of packageOf(id)) packages.add(found);
    }
  };
  return {
    ofBuild: {
      name: 'keyferry:list-packages',
      apply: 'build',
      // Runs before inline.ts removes the script of the verifier from the bundle.
      enforce: 'pre',
      generateBundle: { order: 'pre', handler: (_options, bundle) => collect(bundle) },
      writeBundle() {
        mkdirSync(folder, { recursive: true });
        const path = join(folder, `${this.environment.name}.json`);
        writeFileSync(path, `${JSON.stringify([...packages].sort(), null, 2)}\n`);
      },
    },
    ofWorkers: {
      name: 'keyferry:list-packages-of-workers',
      apply: 'build',
      generateBundle: (_options, bundle) => collect(bundle),
    },
  };
}

/**
 * Returns a list with the folder of the module's package; an empty list for a module of this
 * repository.
 */
function packageOf(id: string): readonly string[] {
  const folders = id.replaceAll('\\', '/').split('/node_modules/').slice(1);
  const names = folders.map((path) => /^(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? '');
  return names.length === 0 ? [] : [names.map((name) => `node_modules/${name}`).join('/')];
}
