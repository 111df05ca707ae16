// The five builds: dist/verify (the report verifier, one file), dist/app (the page), dist/demo (the
// page with simulated units), dist/service (the AS for Node) and dist/simulator (a script that a
// test injects into the page). Plain `vite` serves the sources for development.
import { readFileSync } from 'node:fs';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { pageHeaders } from './as-service/http/page-headers.ts';
import { built, here } from './build/environments.ts';
import { addGuide } from './build/guide/guide.ts';
import { inlineScript, inlineStylesheet } from './build/inline.ts';
import { environmentName } from './build/languages/environments.ts';
import { builtLanguages } from './build/languages/languages.ts';
import { addManifests } from './build/languages/manifest.ts';
import { namePages, translateSources } from './build/languages/plugins.ts';
import { writeLicences } from './build/licences.ts';
import { listPackages } from './build/packages.ts';
import { addSingles, sealPage } from './build/page-files.ts';
import { targets } from './build/targets.ts';

/** Folder of catalogues that tests use instead of web/languages. */
const catalogs = process.env.KEYFERRY_CATALOGS ?? here('web/languages');
const languages = builtLanguages(process.env);
const environments = (page: string): string[] => languages.map((language) => environmentName(page, language));
const PAGES = [...environments('client'), ...environments('demo')];
/** Pages that are one file: the verifier, and the page that reads a label. */
const SINGLES = [...environments('verify'), ...environments('label')];
const chooser = languages.length > 1 ? ['chooser'] : [];
const packages = listPackages(built('packages'));
const { version } = JSON.parse(readFileSync(here('package.json'), 'utf8')) as { readonly version: string };

export default defineConfig({
  root: here('web'),
  // Relative URLs, so that the page works at any path of any server.
  base: './',
  logLevel: 'warn',
  define: {
    'import.meta.env.KEYFERRY_VERSION': JSON.stringify(version),
    'import.meta.env.KEYFERRY_LANGUAGES': languages.length > 1 ? JSON.stringify(languages.join()) : 'undefined',
  },
  plugins: [
    translateSources({ root: here(''), catalogs }),
    svelte({
      configFile: false,
      compilerOptions: { runes: true, cssHash: ({ hash, css }) => `s${hash(css).slice(0, 3)}` },
    }),
    inlineStylesheet([...PAGES, ...SINGLES]),
    inlineScript(SINGLES),
    namePages({
      languages,
      environments: [...PAGES, ...SINGLES],
      lists: built('languages'),
      chooser: chooser.length > 0 ? built('chooser/choose-language.js') : undefined,
    }),
    addManifests({ environment: 'client', languages, catalogs }),
    addSingles('client', [built('verify'), built('label')]),
    addGuide('client', { here, languages }),
    sealPage({ pages: ['client', 'demo'], languages, lists: built('languages'), version, headersOf: pageHeaders }),
    packages.ofBuild,
  ],
  worker: { plugins: () => [packages.ofWorkers] },
  server: { port: 5173, strictPort: true, proxy: { '/v1': 'http://127.0.0.1:8787' } },
  environments: targets(languages),
  builder: {
    async buildApp(builder) {
      for (const name of [...chooser, ...SINGLES, ...PAGES, 'simulator', 'service']) {
        const environment = builder.environments[name];
        if (environment) await builder.build(environment);
      }
      writeLicences(built('packages'), here(''), built('THIRD-PARTY-LICENCES.txt'));
    },
  },
});
